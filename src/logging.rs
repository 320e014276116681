//! Installs the log on stderr: lines for people, or JSON. stdout belongs to what commands answer.

use std::io;

use anyhow::Context;
use serde::Deserialize;
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

use crate::terminal::Style;

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Lines for people.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// What the log looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// How it is written.
    pub(crate) format: Format,
}

/// What is logged unless `SKOPOS_LOG` or `RUST_LOG` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Services: what happened.
    Info,
    /// Commands that answer on stdout: only what went wrong.
    Warn,
}

/// The loops' own library tells of every start and stop, the broker's of every refusal: we tell these ourselves.
const INFO: &str = "info,apalis=warn,apalis_core=warn,lapin=off";

/// Installs the log; once per process.
pub(crate) fn init(config: &Config, detail: Detail) -> anyhow::Result<()> {
    let lines = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(Style::of(&io::stderr()) == Style::Coloured)
        .with_env_filter(filter(detail)?);
    match config.format {
        Format::Human => lines.with_target(false).finish().try_init(),
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
    }
    .context("the log cannot be installed")
}

fn filter(detail: Detail) -> anyhow::Result<EnvFilter> {
    let asked =
        ["SKOPOS_LOG", "RUST_LOG"].into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    match (asked, detail) {
        (Some((name, directives)), _) => {
            EnvFilter::try_new(&directives).with_context(|| format!("{name} cannot be understood"))
        }
        (None, Detail::Info) => Ok(EnvFilter::new(INFO)),
        (None, Detail::Warn) => Ok(EnvFilter::new("warn")),
    }
}
