//! Runs collections: claims runs, carries out the commands of `domain::run::machine`, records what came of it.
//!
//! Decides neither what is due (`scheduler`) nor what an answer means (`domain`), and opens no socket itself
//! (`outbound`).

mod batch;
mod claims;
mod cleaning;
mod config;
mod consuming;
mod egress;
mod environments;
mod excuse;
mod handler;
mod incidents;
mod lease;
mod marks;
mod owner;
mod prepare;
mod pulse;
mod recorder;
mod release;
pub mod runner;
mod running;
mod set_ups;

use std::{sync::Arc, time::Duration};

use domain::{clock::Clock, run::machine::CLEANING_TIME};
use outbound::Outbound;
use queue::Queue;
use store::Store;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

pub use config::{Beacon, BeaconError, Config};
use egress::Egress;
use handler::{Context, Stop};
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

/// For handing back what is in hand when the grace period is over; what is not by then is left to the reaper.
const LETTING_GO: Duration = Duration::from_secs(3);

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
    let signed_off = CancellationToken::new();
    let keeper = tokio::spawn({
        let (lease, running, clock, stop) =
            (lease.clone(), running.clone(), clock.clone(), signed_off.clone());
        async move { lease.keep(&running, &*clock, stop).await }
    });
    let stop = Stop { asked: shutdown, ..Stop::default() };
    let egress = Egress::watch(outbound.clone(), &config.beacons, config.beacon_every.0, signed_off.clone());
    let context = Arc::new(Context {
        claims: claims::spawn(store.clone(), lease.clone(), running.clone(), stop.asked.clone()),
        marks: marks::spawn(store.clone()),
        recorder: recorder::spawn(store.clone()),
        preparer: prepare::Preparer::new(store.clone()),
        egress: egress.clone(),
        pulse: pulse::Pulse::start(signed_off.clone()),
        stop: stop.clone(),
        store,
        outbound,
        clock,
        lease,
    });
    let handler = move |message| handler::handle(context.clone(), message);
    let worked = tokio::select! {
        worked = consuming::consume(&queue, &config, &stop.asked, &egress, handler) => worked,
        () = grace(&config, &stop) => Ok(()),
    };
    // Whatever happened: nobody else ends the lease and the look for a way out.
    signed_off.cancel();
    // It only signs off; a panic in it has been told already.
    let _ = timeout(LETTING_GO, keeper).await;
    worked
}

/// Ends some time after the stop signal. The last part of the grace period, at most half of it, is for clean-up.
async fn grace(config: &Config, stop: &Stop) {
    stop.asked.cancelled().await;
    let cleaning = CLEANING_TIME.min(config.drain.0 / 2);
    sleep(config.drain.0 - cleaning).await;
    // Without any time of its own no clean-up begins that the next line would break off.
    if !cleaning.is_zero() {
        stop.closing.cancel();
        sleep(cleaning).await;
    }
    stop.drained.cancel();
    sleep(LETTING_GO).await;
    tracing::warn!("runs could not be handed back in time; the reaper finds them");
}
