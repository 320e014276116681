//! The scheduler role: decides what runs, and when. Any number of them may run.

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, connections::Connections};

/// What it says of itself.
pub(crate) fn introduction(config: &Config) -> String {
    format!("history of {} days", config.scheduler.retention_days)
}

/// Schedules until `shutdown`, and finishes the turn that has begun.
pub(crate) async fn run(
    config: Config,
    connections: Connections,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Connections { store, queue, .. } = connections;
    scheduler::run(store, queue, config.scheduler, shutdown).await.context("the scheduler broke")
}
