//! `skopos migrate`: brings the database's schema up to date. The embedded database does so by itself.

use std::io::{self, Write};

use anyhow::Context;
use store::Store;

use super::Exit;
use crate::{config::Config, logging};

/// The arguments of `skopos migrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Warn)?;
        config.check().context("the configuration is wrong")?;
        let store = Store::open(&config.store()?).await.context("the database cannot be opened")?;
        store.migrate().await.context("the schema cannot be brought up to date")?;
        writeln!(io::stdout(), "the schema is up to date")?;
        Ok(Exit::Success)
    }
}
