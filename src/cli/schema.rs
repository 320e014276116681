//! `skopos schema`: the JSON Schema of documents, for editors.

use std::io::{self, Write};

use super::Exit;

/// The arguments of `skopos schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        writeln!(io::stdout(), "{:#}", domain::document::schema())?;
        Ok(Exit::Success)
    }
}
