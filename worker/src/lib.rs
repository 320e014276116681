//! Runs collections: claims runs, carries out the commands of `domain::run::machine`, records what came of it.
//!
//! Decides neither what is due (`scheduler`) nor what an answer means (`domain`), and opens no socket itself
//! (`outbound`).

mod batch;
mod claims;
mod config;
mod handler;
mod incidents;
mod lease;
mod marks;
mod prepare;
mod recorder;
mod release;
pub mod runner;
mod running;

use std::sync::Arc;

use domain::clock::Clock;
use outbound::Outbound;
use queue::{Destination, Queue};
use store::Store;
use tokio_util::sync::CancellationToken;

pub use config::Config;
use handler::Context;
use lease::Lease;
use running::Running;

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not register itself.
    #[error("the worker could not register in the database")]
    Store(#[from] store::Error),
    /// It could not take deliveries.
    #[error("the worker cannot take deliveries")]
    Queue(#[from] queue::Error),
}

/// Works until `shutdown`: then it claims nothing more, finishes what it has in hand or hands it back when the grace
/// period is over, and signs off.
///
/// # Errors
/// When it cannot begin, or its loop breaks.
pub async fn run(
    store: Store,
    queue: Queue,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let lease = Arc::new(Lease::register(store.clone(), config.clone(), &*clock).await?);
    let running = Running::default();
    let (signed_off, drained) = (CancellationToken::new(), CancellationToken::new());
    let keeper = tokio::spawn({
        let (lease, running, clock, stop) =
            (lease.clone(), running.clone(), clock.clone(), signed_off.clone());
        async move { lease.keep(&running, &*clock, stop).await }
    });
    let context = Arc::new(Context {
        claims: claims::spawn(store.clone(), lease.clone(), running.clone()),
        marks: marks::spawn(store.clone()),
        recorder: recorder::spawn(store.clone()),
        preparer: prepare::Preparer::new(store.clone()),
        drained: drained.clone(),
        store,
        outbound,
        clock,
        lease,
    });
    let deliveries = queue.consume(&Destination::Runs(config.location.clone()), config.slots).await?;
    let handler = move |message| handler::handle(context.clone(), message);
    let working = queue::work("worker", deliveries, config.slots.into(), shutdown.clone(), handler);
    let grace = async {
        shutdown.cancelled().await;
        tokio::time::sleep(config.drain.0).await;
        drained.cancel();
        std::future::pending::<()>().await;
    };
    let worked = tokio::select! { worked = working => worked, () = grace => Ok(()) };
    signed_off.cancel();
    // It only signs off; a panic in it has been told already.
    let _ = keeper.await;
    Ok(worked?)
}
