//! A short form of chaos for every test run: few monitors, a fixed seed, everything judged. `make chaos` is the long one.

use std::process::Command;

/// Of the blows; starting, healing and draining come on top.
const SECONDS: &str = "12";

#[test]
fn a_fleet_keeps_its_promises_while_it_is_broken() {
    let chaos = env!("CARGO_BIN_EXE_chaos");
    let skopos = std::path::Path::new(chaos).with_file_name("skopos");
    assert!(
        skopos.exists(),
        "{} is missing: build it with `cargo build --workspace --bins --features planted-bugs`",
        skopos.display()
    );
    let mut command = Command::new(chaos);
    command.env("CHAOS_SECONDS", SECONDS).env("CHAOS_SEED", "3").args(["--monitors", "7"]);
    let output = command.output().expect("chaos can be started");
    let (said, report) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "chaos ended with {}\n{said}\n{report}", output.status);
    let numbers = numbers(report.lines().last().unwrap_or_default());
    let [attempted, ok, lost, duplicated, _recovered, unexpected] = numbers[..] else {
        panic!("the last line has not six numbers\n{report}");
    };
    assert!(attempted > 20, "hardly anything was due\n{report}");
    assert_eq!((ok, lost, duplicated, unexpected), (attempted, 0, 0, 0), "{report}");
}

/// Of `attempted N ok N lost N duplicated N recovered N unexpected N`.
fn numbers(line: &str) -> Vec<u64> {
    let words: Vec<_> = line.split(' ').collect();
    let names = ["attempted", "ok", "lost", "duplicated", "recovered", "unexpected"];
    let pairs = words.chunks(2).zip(names);
    pairs
        .filter_map(|(pair, name)| pair.first().filter(|word| **word == name).and(pair.get(1)?.parse().ok()))
        .collect()
}
