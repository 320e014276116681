//! The short forms of two proofs that people are told, for every test run. `make pages` has the long ones, and the others.

use std::{path::Path, process::Command};

fn proves(scenario: &str) {
    let pages = env!("CARGO_BIN_EXE_pages");
    let skopos = Path::new(pages).with_file_name("skopos");
    assert!(
        skopos.exists(),
        "{} is missing: build it with `cargo build --workspace --bins --features planted-bugs`",
        skopos.display()
    );
    let output = Command::new(pages).args(["--short", scenario]).output().expect("pages can be started");
    let (said, report) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "pages ended with {}\n{said}\n{report}", output.status);
    assert!(report.ends_with("  ok\n\n"), "no verdict\n{said}\n{report}");
}

#[test]
fn everything_is_told_while_notifiers_are_killed() {
    proves("kills");
}

#[test]
fn a_trigger_that_comes_late_leaves_no_alert_open() {
    proves("held");
}
