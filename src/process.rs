//! Roles that run in this process: stops all when one breaks or a signal comes, and waits for them to end. Which roles
//! and with what they work is decided elsewhere.

use std::time::Duration;

use anyhow::{Context, bail};
use queue::Queue;
use tokio::{
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::shutdown::Signals;

/// The roles, running.
#[derive(Debug)]
pub(crate) struct Process {
    roles: JoinSet<anyhow::Result<()>>,
    shutdown: CancellationToken,
    /// How long the roles may take to end.
    grace: Duration,
    queue: Queue,
    /// Answers until the last role has ended.
    _health: Option<AbortOnDropHandle<()>>,
}

impl Process {
    /// Roles that listen to `shutdown`. The queue is closed after them.
    pub(crate) fn new(
        roles: JoinSet<anyhow::Result<()>>,
        shutdown: CancellationToken,
        grace: Duration,
        queue: Queue,
        health: Option<AbortOnDropHandle<()>>,
    ) -> Self {
        Self { roles, shutdown, grace, queue, _health: health }
    }

    /// Until a signal, or until a role ends by itself; then all roles are asked to end. A second signal ends the
    /// process at once.
    pub(crate) async fn run(mut self, signals: &mut Signals) -> anyhow::Result<()> {
        let first = tokio::select! {
            () = signals.next() => Ok(()),
            Some(ended) = self.roles.join_next() => {
                outcome(ended).and(Err(anyhow::anyhow!("a role ended although nobody asked it to")))
            }
        };
        let stopped = self.stop(signals).await;
        first.and(stopped)
    }

    /// Asks all roles to end, and waits for them.
    pub(crate) async fn stop(mut self, signals: &mut Signals) -> anyhow::Result<()> {
        tracing::info!("stopping");
        self.shutdown.cancel();
        let ended = async {
            let mut result = Ok(());
            while let Some(ended) = self.roles.join_next().await {
                result = result.and(outcome(ended));
            }
            self.queue.close().await;
            result
        };
        tokio::select! {
            ended = timeout(self.grace, ended) => ended.context("some roles did not end in time")?,
            () = signals.next() => bail!("ended at once by a second signal; what was in hand is left to others"),
        }
    }
}

/// A role that panics is as broken as one that answers an error.
fn outcome(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("a role panicked")?
}
