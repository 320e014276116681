//! `skopos config check | print`: what the settings are, and whether they can work.

use std::io::{self, Write};

use super::Exit;
use crate::config::{self, Problems, Settings};

/// The commands of `skopos config`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Read everything and show everything that is wrong with it. Nothing is opened.
    Check,
    /// Print every setting with its origin, as TOML. Secrets are left out.
    Print,
}

impl Command {
    pub(super) fn run(&self, settings: Settings) -> anyhow::Result<Exit> {
        let printed = matches!(self, Self::Print).then(|| config::print(&settings));
        let checked = settings.config().and_then(|config| config.check());
        match (checked, printed) {
            (Err(Problems(problems)), None) => {
                for problem in problems {
                    writeln!(io::stderr(), "error: {problem}")?;
                }
                return Ok(Exit::CouldNotRun);
            }
            (Ok(()), None) => writeln!(io::stdout(), "ok")?,
            // What is wrong is best looked for in what there is.
            (_, Some(printed)) => io::stdout().write_all(printed.as_bytes())?,
        }
        Ok(Exit::Success)
    }
}
