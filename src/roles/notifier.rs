//! The notifier role: tells people. Any number of them may run.

use std::sync::Arc;

use anyhow::Context;
use domain::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, connections::Connections};

/// What it says of itself.
pub(crate) fn introduction(config: &Config) -> String {
    format!("{} slots", config.notifier.slots)
}

/// Notifies until `shutdown`; what is being sent is sent and recorded.
pub(crate) async fn run(
    config: Config,
    connections: Connections,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Connections { store, queue, outbound } = connections;
    let smtp = config.smtp()?;
    notifier::run(store, queue, outbound, smtp, Arc::new(SystemClock), config.notifier, shutdown)
        .await
        .context("the notifier broke")
}
