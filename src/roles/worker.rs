//! The worker role: runs the collections of one location. Any number of them may run at each.

use std::sync::Arc;

use anyhow::Context;
use domain::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, connections::Connections};

/// What it says of itself.
pub(crate) fn introduction(config: &Config) -> String {
    format!("location {}, {} slots", config.worker.location, config.worker.slots)
}

/// Works until `shutdown`; runs in hand are finished or handed back within `worker.drain`.
pub(crate) async fn run(
    config: Config,
    connections: Connections,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Connections { store, queue, outbound } = connections;
    worker::run(store, queue, outbound, Arc::new(SystemClock), config.worker, shutdown)
        .await
        .context("the worker broke")
}
