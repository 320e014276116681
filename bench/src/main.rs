//! Benchmarks of a fleet: real processes on a PostgreSQL and a RabbitMQ of their own, and a target on loopback.
//!
//! * `bench lag`: many monitors on a timetable; how late the first byte of a run leaves, and what the processes weigh.
//! * `bench saturate`: more runs than can be executed; runs per second, and transactions per run.
//! * `bench workers`: a target that takes 200 ms to answer and workers with few slots; what the second and third add.
//!
//! It measures the `skopos` beside it, or the one that `--skopos PATH` names: build both with `--release`. Figures of
//! one call are to be compared with each other, not with those of another day.

mod documents;
mod lag;
mod numbers;
mod saturate;
mod target;
mod workers;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};

/// What all benchmarks are told.
struct Options {
    skopos: PathBuf,
    monitors: usize,
    seconds: u64,
}

fn main() -> ExitCode {
    match bench() {
        Ok(report) => {
            let _ = writeln!(io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> anyhow::Result<String> {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let mut options = Options { skopos: beside()?, monitors: 1000, seconds: 60 };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--skopos" => options.skopos = value()?.into(),
            "--monitors" => options.monitors = value()?.parse()?,
            "--seconds" => options.seconds = value()?.parse()?,
            other => bail!("`{other}` is none of --skopos PATH, --monitors N, --seconds N"),
        }
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match name.as_str() {
            "lag" => lag::measure(&options).await,
            "saturate" => saturate::measure(&options).await,
            "workers" => workers::measure(&options).await,
            other => bail!("`{other}` is none of lag, saturate, workers"),
        }
    })
}

fn beside() -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe()?;
    Ok(me.parent().context("an executable is in a folder")?.join("skopos"))
}
