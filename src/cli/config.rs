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
        // What is wrong is best looked for in what there is, so that is printed in any case.
        if matches!(self, Self::Print) {
            io::stdout().write_all(config::print(&settings).as_bytes())?;
        }
        if let Err(Problems(problems)) = settings.config().and_then(|config| config.check()) {
            for problem in problems {
                writeln!(io::stderr(), "error: {problem}")?;
            }
            return Ok(Exit::CouldNotRun);
        }
        if matches!(self, Self::Check) {
            writeln!(io::stdout(), "ok")?;
        }
        Ok(Exit::Success)
    }
}
