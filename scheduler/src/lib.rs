//! Decides what runs, and when. Each duty is a module with a `once`, which takes one turn:
//!
//! * [`tick`] turns slots that have come into runs, or into gaps;
//! * [`relay`] publishes a wake-up call for each run and notification that waits;
//! * [`reap`] ends or queues again what was left behind, and what came too late;
//! * [`prune`] forgets what is old;
//! * [`dead_letters`] wakes the rows of messages that were delivered too often;
//! * [`figures`] writes down what lies in the queues, for people.
//!
//! Any number of schedulers may run at once. Nothing is kept in memory between turns: what must not be forgotten is a
//! row. Which instants are slots is `domain::schedule`'s; running and notifying are the worker's and the notifier's.

mod config;
pub mod dead_letters;
mod every;
pub mod figures;
pub mod prune;
pub mod reap;
pub mod relay;
mod slots;
pub mod tick;

use std::time::Duration;

use queue::Queue;
use store::{Store, Topic};
use tokio_util::sync::CancellationToken;

pub use self::{config::Config, every::Turn};
use crate::every::every;

/// A monitor that was saved meanwhile is seen after this long; slots that are known are waited for exactly.
const TICK: Duration = Duration::from_millis(500);
/// What a wake-up call that got lost costs.
const RELAY: Duration = Duration::from_secs(1);
/// With the lease of 8 s: what a dead worker costs its runs.
const REAP: Duration = Duration::from_secs(2);
/// They come of outages of a day, so there is no hurry.
const STRAGGLERS: Duration = Duration::from_secs(600);
const PRUNE: Duration = Duration::from_secs(600);
/// How old figures are that people look at.
const FIGURES: Duration = Duration::from_secs(5);

/// Why a turn of a duty did not succeed. What it has not done stays due.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rows could not be read or written.
    #[error("the store failed")]
    Store(#[from] store::Error),
    /// The messages could not be published.
    #[error("the queue failed")]
    Queue(#[from] queue::Error),
}

impl Error {
    /// Whether a later turn can succeed without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Queue(queue::Error::Unreachable(_)) => true,
            Self::Queue(queue::Error::Refused(_) | queue::Error::Loop(_)) => false,
        }
    }
}

/// Does all duties until `shutdown`; then what has begun is finished and it returns.
///
/// # Errors
/// [`Error::Queue`] when dead letters cannot be followed; the other duties do not end by themselves.
pub async fn run(
    store: Store,
    queue: Queue,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let (store, queue, config, shutdown) = (&store, &queue, &config, &shutdown);
    // Before the first run of a day, which would lie astray. A failure is told of by the duty that tries it again.
    let _ = prune::make_days(store).await;
    // What a crash left behind is not a run that still goes on: reaped first, it takes no slot from its monitor.
    while matches!(reap::once(store).await, Ok(Turn::More)) {}
    while matches!(reap::stragglers(store).await, Ok(Turn::More)) {}
    let (runs, notifications) = (store.listen(Topic::Runs), store.listen(Topic::Notifications));
    let duties = async {
        tokio::join!(
            every("tick", TICK, None, shutdown, || tick::once(store)),
            every("relay runs", RELAY, Some(runs), shutdown, || relay::runs(store, queue)),
            every("relay notifications", RELAY, Some(notifications), shutdown, || {
                relay::notifications(store, queue)
            }),
            every("reap", REAP, None, shutdown, || reap::once(store)),
            every("stragglers", STRAGGLERS, None, shutdown, || reap::stragglers(store)),
            every("prune", PRUNE, None, shutdown, || prune::once(store, config)),
            every("figures", FIGURES, None, shutdown, || figures::once(store, queue)),
        );
        Ok(())
    };
    tokio::try_join!(duties, dead_letters::follow(store, queue, shutdown))?;
    Ok(())
}
