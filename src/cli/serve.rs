//! `skopos serve` and `skopos api | scheduler | worker | notifier`: roles in one process.

use std::io::{self, Write};

use super::Exit;
use crate::{
    config::Config,
    logging,
    parts::{DemoShop, Parts},
    roles::{Role, Roles},
    shutdown::Signals,
};

/// The arguments of `skopos serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Which roles, separated by commas. Default: all. A part of them needs DATABASE_URL and AMQP_URL.
    #[arg(long = "role", value_name = "ROLE", value_enum, value_delimiter = ',')]
    roles: Vec<Role>,
}

impl Serve {
    pub(super) async fn run(&self, config: Config) -> anyhow::Result<Exit> {
        serve(Roles::asked(&self.roles), config).await
    }
}

/// Opens, runs, and ends in order.
pub(super) async fn serve(roles: Roles, config: Config) -> anyhow::Result<Exit> {
    logging::init(&config.log, logging::Detail::Info)?;
    let mut signals = Signals::install();
    let parts = tokio::select! {
        parts = Parts::open(roles, config, DemoShop::Closed) => parts?,
        () = signals.next() => return Ok(Exit::Success),
    };
    io::stdout().write_all(parts.introduction().as_bytes())?;
    parts.start().run(&mut signals).await?;
    Ok(Exit::Success)
}
