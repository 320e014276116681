//! The proof that people are told: a fleet of Skopos on servers of its own, and receivers that are as strict as their
//! vendors. What goes wrong is real: processes are killed and frozen, targets fail, runs find it, notifiers tell.
//!
//! * `pages kills`: 1,000 incidents while notifiers are killed. Nothing lost, nothing open in the end, hardly anything twice.
//! * `pages held`: a notifier is frozen with a trigger in hand, while the incident is told and resolved by another one.
//! * `pages flood`: 5,000 incidents in a minute over 100 keys, some of them with more than a key takes.
//! * `pages latency`: from the failing result to the accepted page.
//!
//! `pages [--short] [--incidents N] [--keep] [--skopos PATH] [SCENARIO…]`, all of them when none is named. `--incidents` is for
//! machines that would take hours for thousands. `--short` takes few incidents and moves the
//! leases of those who were killed by hand; the long form waits for them. `pages receivers` starts the receivers alone, and says how
//! to reach them.

mod byhand;
mod documents;
mod figures;
mod flood;
mod held;
mod kills;
mod latency;
mod receivers;
mod target;
mod world;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use chaos::launch;

use crate::figures::Figures;

/// It could not be found out: a server is missing, a port is taken.
const COULD_NOT_RUN: u8 = 4;
const ALL: [&str; 4] = ["kills", "held", "flood", "latency"];

/// What all scenarios are told.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) skopos: PathBuf,
    /// Few incidents, for every test run.
    pub(crate) short: bool,
    /// Instead of as many as a scenario has.
    pub(crate) incidents: Option<usize>,
    /// The logs stay.
    pub(crate) keep: bool,
}

fn main() -> ExitCode {
    pages().unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

fn pages() -> anyhow::Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some("receivers") {
        return launch::until_interrupted(byhand::run()).map(|()| ExitCode::SUCCESS);
    }
    let (options, scenarios) = arguments()?;
    let right = launch::until_interrupted(async {
        let mut right = true;
        for scenario in scenarios {
            let figures = run(scenario, &options).await.with_context(|| scenario.to_owned())?;
            right &= figures.violations.is_empty();
            writeln!(io::stdout(), "{scenario}\n{figures}")?;
        }
        Ok(right)
    })?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(scenario: &str, options: &Options) -> anyhow::Result<Figures> {
    match scenario {
        "kills" => kills::run(options).await,
        "held" => held::run(options).await,
        "flood" => flood::run(options).await,
        _ => latency::run(options).await,
    }
}

fn arguments() -> anyhow::Result<(Options, Vec<&'static str>)> {
    let (mut short, mut incidents, mut keep) = (false, None, false);
    let (mut skopos, mut scenarios) = (None, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--short" => short = true,
            "--incidents" => incidents = Some(words.next().context("--incidents needs a number")?.parse()?),
            "--keep" => keep = true,
            "--skopos" => skopos = Some(words.next().context("--skopos needs a path")?.into()),
            other => match ALL.iter().find(|name| **name == other) {
                Some(name) => scenarios.push(*name),
                None => bail!(
                    "`{other}` is none of {}, --short, --incidents N, --keep, --skopos PATH",
                    ALL.join(", ")
                ),
            },
        }
    }
    if scenarios.is_empty() {
        scenarios = ALL.into();
    }
    Ok((Options { skopos: launch::skopos(skopos)?, short, incidents, keep }, scenarios))
}
