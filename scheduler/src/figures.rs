//! What lies in the queues, written down for people: the API shows rows and does not know the broker.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::document::Slug;
use queue::{Depth, Destination, Queue};
use store::{
    Store,
    queues::{self, QueueFigures, Waiting},
};
use tokio::time::timeout;

use crate::{Error, Turn};

/// A queue that nobody has seen for so long is not shown any more.
const FORGOTTEN: TimeDelta = TimeDelta::minutes(10);
/// A broker that does not answer counts as one that is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at every queue that has workers or waiting rows, and keeps what it sees.
///
/// # Errors
/// [`Error::Store`], or [`Error::Queue`]; then the former figures stand, with their time.
#[tracing::instrument(name = "scheduler.figures", level = "debug", skip_all)]
pub async fn once(store: &Store, queue: &Queue) -> Result<Turn, Error> {
    let (now, waiting) = waiting(store).await?;
    let mut seen = Vec::with_capacity(waiting.len());
    for (destination, waiting) in waiting {
        let depth = timeout(PATIENCE, queue.depth(&destination));
        let depth = depth.await.map_err(|late| queue::Error::Unreachable(late.into()))??;
        seen.push(figures(&destination, depth.unwrap_or_default(), waiting, now));
    }
    store
        .write(move |conn| Box::pin(async move { queues::save(conn, &seen, now - FORGOTTEN).await }))
        .await?;
    Ok(Turn::Done)
}

async fn waiting(store: &Store) -> Result<(DateTime<Utc>, Vec<(Destination, Waiting)>), Error> {
    let mut conn = store.read().await?;
    let now = store::now(&mut conn).await?;
    let runs = queues::waiting_runs(&mut conn, now).await?;
    let runs = runs.into_iter().map(|(location, waiting): (Slug, _)| (Destination::Runs(location), waiting));
    let notifications = queues::waiting_notifications(&mut conn).await?;
    Ok((now, runs.chain([(Destination::Notifications, notifications)]).collect()))
}

fn figures(destination: &Destination, depth: Depth, waiting: Waiting, now: DateTime<Utc>) -> QueueFigures {
    QueueFigures {
        name: destination.to_string(),
        ready: depth.ready as u64,
        unacked: depth.unacked.map(|unacked| unacked as u64),
        consumers: depth.consumers as u64,
        dead: depth.dead as u64,
        parked: depth.parked as u64,
        waiting,
        updated_at: now,
    }
}
