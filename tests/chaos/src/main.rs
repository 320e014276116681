//! The chaos harness: a fleet of Skopos on a PostgreSQL and a RabbitMQ of its own, a target and a receiver that remember
//! everything, somebody who edits, and a nemesis that kills, freezes, cuts and restarts. In the end everything is held
//! against what was promised (I1 to I13). It uses none of Skopos's code, so that it cannot share its mistakes.
//!
//! `CHAOS_SECONDS=60 CHAOS_SEED=1 chaos [--keep | --forget] [--skopos PATH] [--monitors N]`, or `chaos planted`, which plants one
//! bug after the other and expects each to be found.

mod campaign;
mod check;
mod diary;
mod documents;
mod edits;
mod fleet;
mod journal;
mod nemesis;
mod oracle;
mod planted;
mod proxy;
mod report;
mod target;
mod weather;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use chaos::{
    clock,
    launch::{skopos, until_interrupted},
    ports, postgres, process, rabbitmq,
    receivers::pagerduty,
    web,
};

use crate::campaign::Options;

/// It could not be found out: a server is missing, a port is taken.
const COULD_NOT_RUN: u8 = 4;

/// When the logs of all processes stay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    WhenWrong,
    Always,
    Never,
}

/// The command line.
struct Arguments {
    planted: bool,
    keep: Keep,
    skopos: Option<PathBuf>,
    monitors: usize,
}

fn main() -> ExitCode {
    chaos().unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

fn chaos() -> anyhow::Result<ExitCode> {
    let arguments = arguments()?;
    if arguments.planted {
        return planted::run();
    }
    let (folder, skopos) = (folder()?, skopos(arguments.skopos)?);
    let path = folder.path().to_owned();
    let (seconds, seed) = (number("CHAOS_SECONDS", 60)?, number("CHAOS_SEED", 1)?);
    let options = Options { seconds, seed, monitors: arguments.monitors, skopos, folder: path.clone() };
    let ended = until_interrupted(campaign::run(&options));
    let right = ended.as_ref().is_ok_and(|(findings, _)| findings.violations.is_empty());
    if arguments.keep == Keep::Always || arguments.keep == Keep::WhenWrong && !right {
        let _ = folder.keep();
        diary::say(&format!("the logs of all processes are in {}", path.display()));
    }
    let (_, report) = ended?;
    writeln!(io::stdout(), "{report}")?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// PostgreSQL's user has to get through.
fn folder() -> anyhow::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix("skopos-chaos-").tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

fn number(variable: &str, default: u64) -> anyhow::Result<u64> {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => text.parse().with_context(|| format!("{variable} is no number")),
        _ => Ok(default),
    }
}

fn arguments() -> anyhow::Result<Arguments> {
    let mut read = Arguments { planted: false, keep: Keep::WhenWrong, skopos: None, monitors: 24 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "planted" => read.planted = true,
            "--keep" => read.keep = Keep::Always,
            "--forget" => read.keep = Keep::Never,
            "--skopos" => read.skopos = Some(words.next().context("--skopos needs a path")?.into()),
            "--monitors" => read.monitors = words.next().context("--monitors needs a number")?.parse()?,
            other => bail!("`{other}` is none of planted, --keep, --forget, --skopos PATH, --monitors N"),
        }
    }
    Ok(read)
}
