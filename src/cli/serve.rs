//! `skopos serve`: every role in one process.

use std::io::{self, Write};

use super::Exit;
use crate::{
    config::Config,
    logging,
    process::{DemoShop, Parts},
};

/// The arguments of `skopos serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn run(&self, config: Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Info)?;
        let parts = Parts::open(config, DemoShop::Closed).await?;
        writeln!(io::stdout(), "Skopos  {}", parts.api_url()?)?;
        parts.start()?.run().await?;
        Ok(Exit::Success)
    }
}
