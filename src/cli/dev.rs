//! `skopos dev`: every role and the demo shop in one process, for trying things out.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use domain::document::Known;
use url::Url;

use super::Exit;
use crate::{
    apply::{Applied, apply},
    client::Client,
    config::{Config, LOOPBACK_IS_ALLOWED},
    documents::Documents,
    logging,
    parts::{DemoShop, Parts},
    roles::Roles,
    shutdown::Signals,
    terminal::Style,
};

/// The arguments of `skopos dev`.
#[derive(Debug, clap::Args)]
pub(super) struct Dev {
    /// Files and folders to apply at the start, as `skopos apply` does.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    apply: Vec<PathBuf>,
}

impl Dev {
    pub(super) async fn run(&self, config: Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Info)?;
        let mut documents = match self.apply.as_slice() {
            [] => None,
            paths => Some(Documents::read(paths)?),
        };
        if let Some(documents) = &mut documents {
            documents.check(&Known::default());
            documents.report(&mut io::stderr().lock(), Style::of(&io::stderr()))?;
            if documents.have_errors() {
                return Ok(Exit::Invalid);
            }
        }
        let config = Config { outbound: config.outbound_with_loopback(), ..config };
        let mut signals = Signals::install();
        let parts = tokio::select! {
            parts = Parts::open(Roles::all(), config, DemoShop::Open) => parts?,
            () = signals.next() => return Ok(Exit::Success),
        };
        let api = parts.api_url().context("the API is among all roles")?;
        writeln!(io::stdout(), "Skopos     {api}")?;
        if let Some(demo) = parts.demo_url() {
            writeln!(io::stdout(), "Demo shop  {demo}")?;
        }
        writeln!(io::stderr(), "{LOOPBACK_IS_ALLOWED}")?;
        let process = parts.start();
        if let Some(mut documents) = documents {
            let applied = tokio::select! {
                applied = apply_all(&mut documents, &api) => applied,
                () = signals.next() => return process.stop(&mut signals).await.map(|()| Exit::Success),
            };
            if let Err(error) = applied {
                process.stop(&mut signals).await?;
                return Err(error);
            }
        }
        process.run(&mut signals).await?;
        Ok(Exit::Success)
    }
}

/// What the server refuses is shown, and is no reason to end: it can be mended and applied again.
async fn apply_all(documents: &mut Documents, api: &Url) -> anyhow::Result<()> {
    let environment = |name: &str| std::env::var(name).ok();
    let applied = apply(documents, &mut Client::new(api.as_str())?, environment, &mut io::stdout()).await?;
    if applied == Applied::NotAll {
        documents.report(&mut io::stderr().lock(), Style::of(&io::stderr()))?;
    }
    Ok(())
}
