//! `skopos version`.

use std::io::{self, Write};

use super::Exit;

/// The arguments of `skopos version`.
#[derive(Debug, clap::Args)]
pub(super) struct Version {}

impl Version {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        writeln!(io::stdout(), "skopos {}", env!("CARGO_PKG_VERSION"))?;
        Ok(Exit::Success)
    }
}
