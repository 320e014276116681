//! `skopos demo`: the demo shop alone, for those who run the roles one by one.

use std::io::{self, Write};

use anyhow::Context;
use domain::clock::SystemClock;
use tokio::net::TcpListener;

use super::Exit;
use crate::{config::Config, demo, logging};

/// The arguments of `skopos demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {}

impl Demo {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        logging::init(&config.log, logging::Detail::Info)?;
        let address = config.demo.listen;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the demo shop cannot listen on {address}"))?;
        writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
        demo::serve(listener, SystemClock, crate::shutdown::requested()).await?;
        Ok(Exit::Success)
    }
}
