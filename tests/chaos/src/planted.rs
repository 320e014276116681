//! Plants one bug after the other into the processes and expects chaos to find each: a checker that finds nothing in
//! what is broken says nothing about what is not.

use std::{
    io::{self, Write},
    process::{Command, ExitCode},
};

use anyhow::Context;

/// A bug of the executable, and the chaos that shows it.
struct Planted {
    bug: &'static str,
    seconds: u64,
    seed: u64,
}

const fn planted(bug: &'static str) -> Planted {
    Planted { bug, seconds: 25, seed: 3 }
}

/// What chaos can see. The others show only where an answer of the broker or the database is made up, which the suites of
/// `queue` and `store` do.
const BUGS: [Planted; 13] = [
    planted("no_fence"),
    planted("claim_of_running"),
    planted("no_second_wake"),
    planted("reap_the_living"),
    planted("no_reaper"),
    planted("repeat_unsafe"),
    planted("send_without_lease"),
    // The seed begins with no workers for so long that what waits in the broker may not start any more.
    Planted { bug: "start_too_late", seconds: 40, seed: 12 },
    planted("slot_without_run"),
    planted("slot_twice"),
    planted("notify_outside"),
    planted("fresh_dedup_key"),
    planted("no_second_try"),
];

/// Runs chaos for each bug, or for those that `CHAOS_BUGS` names.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let chaos = std::env::current_exe()?;
    let wanted = std::env::var("CHAOS_BUGS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|word| !word.is_empty()).collect();
    let mut missed = 0;
    for one in BUGS.iter().filter(|one| wanted.is_empty() || wanted.contains(&one.bug)) {
        let mut command = Command::new(&chaos);
        command
            .env("SKOPOS_PLANTED_BUG", one.bug)
            .env("CHAOS_SECONDS", one.seconds.to_string())
            .env("CHAOS_SEED", one.seed.to_string())
            .args(["--forget", "--monitors", "12"]);
        let output = command.output().context("chaos cannot start itself")?;
        // Another number says that it could not be found out.
        let caught = output.status.code() == Some(1);
        missed += usize::from(!caught);
        let text = String::from_utf8_lossy(&output.stdout);
        let how = text.lines().find(|line| line.starts_with("violation")).unwrap_or("no violation");
        let last = text.lines().last().unwrap_or_default();
        let word = if caught { "caught" } else { "NOT caught" };
        writeln!(io::stdout(), "{word:<10} {:<20} {how} [{last}]", one.bug)?;
    }
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
