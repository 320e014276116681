//! `skopos demo`: the demo shop alone, for those who run the roles one by one.

use std::io::{self, Write};

use domain::clock::SystemClock;

use super::Exit;
use crate::{config::Config, demo, logging, shutdown::Signals};

/// The arguments of `skopos demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {}

impl Demo {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Info)?;
        let listener = demo::bind(&config.demo).await?;
        writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
        let mut signals = Signals::install();
        demo::serve(listener, SystemClock, async move { signals.next().await }).await?;
        Ok(Exit::Success)
    }
}
