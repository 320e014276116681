//! `skopos validate`: whether documents can be used, with every problem of every file.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use domain::document::Known;

use super::Exit;
use crate::{documents::Documents, terminal::Style};

/// The arguments of `skopos validate`.
#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    /// Files, and folders that are read whole (*.yaml, *.yml, *.json).
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Validate {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let mut documents = Documents::read(&self.paths)?;
        documents.check(&Known::default());
        documents.report(&mut io::stderr().lock(), Style::of(&io::stderr()))?;
        if documents.have_errors() {
            return Ok(Exit::Invalid);
        }
        let (files, count) = documents.counts();
        let (noun, verb) = if count == 1 { ("document", "is") } else { ("documents", "are") };
        let places = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        writeln!(io::stdout(), "{count} {noun} in {places} {verb} valid")?;
        Ok(Exit::Success)
    }
}
