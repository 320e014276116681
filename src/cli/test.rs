//! `skopos test`: runs collections here and now, without a server.

use std::{
    io::{self, Write},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use domain::{
    clock::SystemClock,
    document::{Known, Slug},
};
use outbound::Outbound;
use serde_json::{Map, Value};
use tokio::{
    sync::mpsc::{Sender, channel},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::Exit;
use crate::{
    config::Config,
    documents::Documents,
    logging,
    report::{self, Choice, Outputs, Pieces, Reporters, Summary},
    shutdown::Signals,
    terminal::Style,
    trial::{self, Arrival, Ended, InOrder, Overrides, Selection, Series, SetUps, Trial},
};

/// Runs that end within so much time are written together: to be woken for each costs more than to tell of it.
const TOGETHER: Duration = Duration::from_millis(2);

/// The arguments of `skopos test`.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// Files, and folders that are read whole (*.yaml, *.yml, *.json).
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The environment of all collections, instead of their own.
    #[arg(long, value_name = "ID")]
    env: Option<Slug>,
    /// A variable above all others. What reads as JSON is JSON, anything else is text.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    var: Vec<(String, String)>,
    /// A secret above all others, from a variable of this process's environment.
    #[arg(long, value_name = "NAME=VARIABLE", value_parser = pair)]
    secret: Vec<(String, String)>,
    /// Only collections whose id or name has a match of this regular expression.
    #[arg(long, value_name = "PATTERN", value_parser = regex::Regex::new)]
    grep: Option<regex::Regex>,
    /// Only collections with this label; given several times, with all of them.
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// How many times each collection is run.
    #[arg(long, value_name = "N", default_value = "1")]
    repeat: NonZeroU32,
    /// Begin no further run once one has failed; those that have begun end.
    #[arg(long)]
    fail_fast: bool,
    /// How many collections run at a time.
    #[arg(long, value_name = "N", default_value = "4")]
    jobs: NonZeroUsize,
    /// How runs are reported, and to which file: pretty, json, junit, tap or github. Several may be given; without a
    /// file a report goes to standard output.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    reporter: Vec<Choice>,
}

impl Test {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Warn)?;
        let choices = report::check(self.reporter.clone()).unwrap_or_else(|message| misused(&message));
        let mut documents = Documents::read(&self.paths)?;
        let overrides = self.overrides()?;
        documents.check(&self.known(&documents)?);
        documents.report(&mut io::stderr().lock(), Style::of(&io::stderr()))?;
        if documents.have_errors() {
            writeln!(io::stderr(), "nothing was sent")?;
            return Ok(Exit::Invalid);
        }
        let selection = Selection { pattern: self.grep.clone(), labels: self.label.clone() };
        let trials = trial::prepare(&documents, &selection, &overrides, variable)?;
        for missing in trials.iter().flat_map(|trial| &trial.missing) {
            writeln!(io::stderr(), "{}: {missing}", Style::of(&io::stderr()).yellow("warning"))?;
        }
        let outbound = Outbound::new(config.outbound_with_loopback());
        let reports = report::open(&choices)?;
        writeln!(io::stderr(), "{}", crate::config::LOOPBACK_IS_ALLOWED)?;
        Ok(exit(self.run_all(trials, &outbound, reports).await?))
    }

    /// Reports in the order of the documents, whichever ends first.
    async fn run_all(
        &self,
        trials: Vec<Trial>,
        outbound: &Outbound,
        (reporters, mut outputs): (Reporters, Outputs),
    ) -> anyhow::Result<Summary> {
        let cancel = cancel_on_signal();
        let set_ups = SetUps::new(outbound.clone(), Arc::new(SystemClock), cancel.clone());
        let (repeat, fail_fast) = (self.repeat.get(), self.fail_fast);
        let series = Series { trials, repeat, fail_fast, set_ups, cancel };
        let (pieces, mut told) = channel(1);
        let telling = series.start(self.jobs.get(), move |runs| tell(runs, reporters, pieces))?;
        while let Some(pieces) = told.recv().await {
            outputs.write(&pieces)?;
            sleep(TOGETHER).await;
        }
        let ended = telling.join().ok().context("the report panicked")?;
        let (pieces, summary) = ended?;
        outputs.write(&pieces)?;
        Ok(summary)
    }

    fn overrides(&self) -> anyhow::Result<Overrides> {
        let vars = self.var.iter().map(|(name, value)| {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            (name.clone(), value)
        });
        let secrets = self.secret.iter().map(|(name, from)| {
            let value =
                variable(from).with_context(|| format!("--secret {name}={from}: ${from} is not set"))?;
            Ok((name.clone(), value))
        });
        Ok(Overrides {
            environment: self.env.clone(),
            vars: vars.collect::<Map<_, _>>(),
            secrets: secrets.collect::<anyhow::Result<_>>()?,
        })
    }

    /// What documents may name because the command line says so.
    fn known(&self, documents: &Documents) -> anyhow::Result<Known> {
        let mut known = Known {
            vars: self.var.iter().map(|(name, _)| name.clone()).collect(),
            secrets: self.secret.iter().map(|(name, _)| name.clone()).collect(),
            ..Known::default()
        };
        if let Some(id) = &self.env {
            let environment = trial::find(documents, id)?;
            known.vars.extend(environment.vars.keys().cloned());
            known.secrets.extend(environment.secrets.keys().cloned());
        }
        Ok(known)
    }
}

/// Reports what ends: in pieces that have several runs in them when runs end faster than they are written.
async fn tell(
    mut runs: InOrder,
    mut reporters: Reporters,
    pieces: Sender<Pieces>,
) -> anyhow::Result<(Pieces, Summary)> {
    let started = Instant::now();
    // What is told and not yet on its way takes room as if it were still to be told.
    let mut rooms = Vec::new();
    loop {
        let ended = tokio::select! {
            biased;
            place = pieces.reserve(), if reporters.have_told() => {
                place.context("the report is not written any more")?.send(reporters.take());
                rooms.clear();
                continue;
            }
            ended = runs.next() => ended,
        };
        let Some(Arrival { ended, room, .. }) = ended else { break };
        match ended {
            Ended::Tested(tested) => reporters.run(*tested)?,
            Ended::NotRun => reporters.not_run(),
            Ended::Panicked => anyhow::bail!("a run panicked"),
        }
        if reporters.have_told() {
            rooms.push(room);
        }
    }
    Ok(reporters.finish(started.elapsed().as_secs_f64() * 1_000.0)?)
}

/// A failure outweighs what could not be told. Where nothing failed, what was not run was stopped.
fn exit(summary: Summary) -> Exit {
    match summary {
        Summary { failed: 1.., .. } => Exit::Failed,
        Summary { inconclusive: 1.., .. } | Summary { not_run: 1.., .. } => Exit::CouldNotRun,
        _ => Exit::Success,
    }
}

/// The first signal stops the runs, which then clean up; the second ends the process at once.
fn cancel_on_signal() -> CancellationToken {
    let cancel = CancellationToken::new();
    let cancelled = cancel.clone();
    let mut signals = Signals::install();
    tokio::spawn(async move {
        signals.next().await;
        cancelled.cancel();
        signals.next().await;
        std::process::exit(Exit::CouldNotRun as i32);
    });
    cancel
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Ends the process as a command line that cannot be understood does.
fn misused(message: &str) -> ! {
    clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{message}\n")).exit()
}

/// Reads `KEY=VALUE`, where the value may be empty.
fn label(text: &str) -> Result<(String, String), String> {
    pair(text).map_err(|_| "expected KEY=VALUE".to_owned())
}

/// Reads `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
