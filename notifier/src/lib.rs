//! Tells people: claims notifications, renders them for their channel, sends them, records what came of it.
//!
//! Decides neither who is told nor when (`domain::incident`), keeps no state of its own, and opens no socket itself
//! (`outbound`; to the operator's own mail server, `lettre`). At least once: after a crash between sending and recording
//! the same message goes out again, under the same key, so that receivers which deduplicate show it once.

mod answer;
mod channels;
mod claim;
mod config;
mod gate;
mod handler;
mod limits;
mod outage;
mod receiver;
mod recording;
mod retry;
mod smtp;
mod words;

use std::sync::Arc;

use domain::{clock::Clock, id::WorkerId};
use outbound::Outbound;
use queue::{Destination, Queue};
use store::Store;
use tokio_util::sync::CancellationToken;

pub use config::Config;
use handler::Context;
pub use smtp::{Smtp, SmtpError};

/// Why a notifier cannot work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not take deliveries, or its loop broke.
    #[error("the notifier cannot take deliveries")]
    Queue(#[from] queue::Error),
}

/// Works until `shutdown`: then it claims nothing more, and returns when what it has in hand is sent and recorded.
///
/// # Errors
/// When it cannot begin, or its loop breaks.
pub async fn run(
    store: Store,
    queue: Queue,
    outbound: Outbound,
    smtp: Option<Smtp>,
    clock: Arc<dyn Clock>,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let slots = config.slots;
    let deliveries = queue.consume(&Destination::Notifications, slots).await?;
    let id = WorkerId::random(clock.now());
    let smtp = smtp.map(Arc::new);
    let context = Arc::new(Context {
        store,
        outbound,
        smtp,
        clock,
        public_url: config.public_url,
        id,
        gates: Arc::default(),
    });
    let handler = move |message| handler::handle(context.clone(), message);
    queue::work("notifier", deliveries, slots.into(), shutdown, handler).await?;
    Ok(())
}
