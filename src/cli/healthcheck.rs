//! `skopos healthcheck`: asks the process of this configuration whether it lives. Containers have no other client.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::time::timeout;

use super::Exit;
use crate::{client::Client, config::Config};

/// Whoever asks every few seconds must not pile up.
const PATIENCE: Duration = Duration::from_secs(4);

/// The arguments of `skopos healthcheck`.
#[derive(Debug, clap::Args)]
pub(super) struct Healthcheck {
    /// Ask whether its connections are up, too.
    #[arg(long)]
    ready: bool,
}

impl Healthcheck {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        let server = format!("http://{}", address(config));
        let path = if self.ready { "/readyz" } else { "/healthz" };
        let asked = async { Client::new(&server)?.get(path).await };
        let wrong = match timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) if answer.status == 200 => {
                writeln!(io::stdout(), "ok: {server}{path}")?;
                return Ok(Exit::Success);
            }
            Ok(Ok(answer)) => format!("{server}{path} answers {} {}", answer.status, answer.body),
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("no answer from {server}{path} in {} s", PATIENCE.as_secs()),
        };
        writeln!(io::stderr(), "error: {wrong}")?;
        Ok(Exit::Failed)
    }
}

/// The health listener, which every role may have, before the API, which one has.
fn address(config: &Config) -> SocketAddr {
    let listens = config.health.listen.unwrap_or(config.api.listen);
    let ip = match listens.ip() {
        ip if !ip.is_unspecified() => ip,
        // A process that listens everywhere listens here.
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listens.port())
}
