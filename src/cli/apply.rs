//! `skopos apply`: brings documents to a server.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use domain::document::Known;

use super::Exit;
use crate::{
    apply::{Applied, apply},
    client::Client,
    config::Config,
    documents::Documents,
    logging,
    terminal::Style,
};

/// The arguments of `skopos apply`.
#[derive(Debug, clap::Args)]
pub(super) struct Apply {
    /// Files, and folders that are read whole (*.yaml, *.yml, *.json).
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the server is. Default: where `skopos serve` with the same configuration listens.
    #[arg(long, env = "SKOPOS_SERVER", value_name = "URL")]
    server: Option<String>,
}

impl Apply {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Warn)?;
        let mut documents = Documents::read(&self.paths)?;
        documents.check(&Known::default());
        if documents.have_errors() {
            documents.report(&mut io::stderr().lock(), Style::of(&io::stderr()))?;
            writeln!(io::stderr(), "nothing was sent")?;
            return Ok(Exit::Invalid);
        }
        let server = self.server.clone().unwrap_or_else(|| format!("http://{}", config.api.listen));
        let mut client = Client::new(&server)?;
        let environment = |name: &str| std::env::var(name).ok();
        let applied = apply(&mut documents, &mut client, environment, &mut io::stdout()).await?;
        documents.report(&mut io::stderr().lock(), Style::of(&io::stderr()))?;
        Ok(match applied {
            Applied::Everything => Exit::Success,
            Applied::NotAll => Exit::Invalid,
        })
    }
}
