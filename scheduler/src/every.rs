//! A duty is `every(interval, once)`: a turn now, and another one when the interval is over or somebody calls. The turns
//! themselves are the modules beside this one; tests call those and never the loop.

use std::{error::Error as StdError, time::Duration};

use chrono::{DateTime, Utc};
use store::Listener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::Error;

/// What a turn left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing that is due now.
    Done,
    /// Its batch was full, so there may be more: the next turn follows at once.
    More,
    /// Nothing that is due now; the next thing is due after this long.
    DueIn(Duration),
}

/// Between two turns where something is due all the time, by how many things the last turn found: what comes within it
/// shares a transaction. It bounds what thousands of monitors cost, and delays none of them by more.
fn pace(found: usize) -> Duration {
    Duration::from_millis(match found {
        0..10 => 20,
        10..50 => 100,
        _ => 200,
    })
}

impl Turn {
    /// A batch of `limit` that came back full is probably not the last one.
    pub(crate) fn after(count: usize, limit: u32) -> Self {
        if count >= limit as usize { Self::More } else { Self::Done }
    }

    /// The same, where it is known when the next thing is due.
    pub(crate) fn until(count: usize, limit: u32, next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match (Self::after(count, limit), next) {
            (Self::Done, Some(next)) => {
                Self::DueIn((next - now).to_std().unwrap_or_default().max(pace(count)))
            }
            (turn, _) => turn,
        }
    }

    /// How long nothing has to be done, if the duty looks every `interval` at the latest.
    fn rest(self, interval: Duration) -> Option<Duration> {
        match self {
            Self::More => None,
            Self::Done => Some(interval),
            Self::DueIn(wait) => Some(wait.min(interval)),
        }
    }
}

/// Takes turns until `shutdown`. A turn that has begun is finished. One that fails changes nothing for the next one,
/// except that it is not called before the interval is over.
pub(crate) async fn every<F, T>(
    duty: &'static str,
    interval: Duration,
    mut wake: Option<Listener>,
    shutdown: &CancellationToken,
    once: F,
) where
    F: Fn() -> T,
    T: Future<Output = Result<Turn, Error>>,
{
    let mut failed = 0_u64;
    while !shutdown.is_cancelled() {
        let turn = once().await;
        failed = report(duty, &turn, failed);
        match turn.map(|turn| turn.rest(interval)) {
            Ok(None) => {}
            Ok(Some(rest)) => tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep(rest) => {}
                () = heard(&mut wake) => {}
            },
            Err(_) => tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep(interval) => {}
            },
        }
    }
}

async fn heard(wake: &mut Option<Listener>) {
    match wake {
        Some(listener) => listener.heard().await,
        None => std::future::pending().await,
    }
}

/// Says once that a duty fails and once that it works again: an outage of the database is not a line per second.
/// Answers how many turns in a row have failed by now.
fn report(duty: &'static str, turn: &Result<Turn, Error>, failed: u64) -> u64 {
    let Err(error) = turn else {
        if failed > 0 {
            tracing::info!(duty, failed, "A duty of the scheduler works again.");
        }
        return 0;
    };
    let cause = error as &dyn StdError;
    match (failed, error.is_retryable()) {
        (0, true) => tracing::warn!(duty, error = cause, "A duty of the scheduler failed; it goes on."),
        (0, false) => tracing::error!(duty, error = cause, "A duty of the scheduler failed; it goes on."),
        _ => tracing::debug!(duty, error = cause, "A duty of the scheduler still fails."),
    }
    failed + 1
}

#[cfg(test)]
mod tests;
