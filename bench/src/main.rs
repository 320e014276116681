//! Benchmarks: of a fleet, real processes on a PostgreSQL and a RabbitMQ of their own with a target on loopback; and of
//! the engine alone.
//!
//! * `bench lag`: many monitors on a timetable; how late the first byte of a run leaves, and what the processes weigh.
//! * `bench saturate`: more runs than can be executed; runs per second, and transactions per run.
//! * `bench workers`: a target that takes 200 ms to answer and workers with few slots; what the second and third add.
//! * `bench engine`: `skopos test` against the same requests in plain hyper, and in Hurl where there is one.
//! * `bench language`: reading, compiling and running a collection without a socket.
//!
//! It measures the `skopos` beside it, or the one that `--skopos PATH` names: build both with `--release`. Figures of
//! one call are to be compared with each other, not with those of another day.

mod documents;
mod engine;
mod floor;
mod lag;
mod language;
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
    hurl: Option<PathBuf>,
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
    if name == "floor" {
        return floor(words.map(|word| Ok(word.parse()?)).collect::<anyhow::Result<_>>()?);
    }
    let mut options = Options { skopos: beside()?, hurl: None, monitors: 1000, seconds: 60 };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--skopos" => options.skopos = value()?.into(),
            "--hurl" => options.hurl = Some(value()?.into()),
            "--monitors" => options.monitors = value()?.parse()?,
            "--seconds" => options.seconds = value()?.parse()?,
            other => bail!("`{other}` is none of --skopos PATH, --hurl PATH, --monitors N, --seconds N"),
        }
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match name.as_str() {
            "lag" => lag::measure(&options).await,
            "saturate" => saturate::measure(&options).await,
            "workers" => workers::measure(&options).await,
            "engine" => engine::measure(&options).await,
            "language" => language::measure(),
            other => bail!("`{other}` is none of lag, saturate, workers, engine, language"),
        }
    })
}

/// What `engine` starts: the client that is the floor, as a process of its own.
fn floor(numbers: Vec<u64>) -> anyhow::Result<String> {
    let [port, runs, jobs] = numbers[..] else { bail!("floor PORT RUNS JOBS") };
    let port = u16::try_from(port)?;
    tokio::runtime::Runtime::new()?.block_on(floor::run(port, runs, jobs))?;
    Ok(String::new())
}

fn beside() -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe()?;
    Ok(me.parent().context("an executable is in a folder")?.join("skopos"))
}
