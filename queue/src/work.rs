//! The loop that workers and notifiers share: take deliveries, run handlers side by side, stop when told.

use std::{convert::Infallible, future::Future};

use apalis::prelude::{ParallelizeExt, WorkerBuilder, WorkerBuilderExt};
use apalis_core::error::WorkerError;
use tokio_util::sync::CancellationToken;

use crate::{Deliveries, Error, Feed, Message, Verdict};

/// Runs `handler` for each delivery, at most `concurrency` at a time, each in a task of its own, until `shutdown`.
/// Then it takes no further delivery, lets the running handlers finish, and returns. A handler that panics costs its
/// own delivery, which goes to the dead letters, and nothing else.
///
/// # Errors
/// [`Error::Loop`] when the loop ended before it was asked to.
pub async fn work<H, F>(
    name: &str,
    deliveries: Deliveries,
    concurrency: usize,
    shutdown: CancellationToken,
    handler: H,
) -> Result<(), Error>
where
    H: Fn(Message) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Verdict> + Send + 'static,
{
    let stop = shutdown.child_token();
    let feed = Feed::new(deliveries, stop.clone());
    let close = feed.closer();
    let handle = move |message: Message| {
        let handler = handler.clone();
        // The call itself may panic, so it belongs inside the future, where a panic is caught.
        async move { Ok::<Verdict, Infallible>(handler(message).await) }
    };
    let stopped = async move {
        stop.cancelled().await;
        close();
        Ok::<(), WorkerError>(())
    };
    // No retry or time-out layer: a retry would meet its own claim. Without `parallelize` all handlers share a task.
    let worker = WorkerBuilder::new(name)
        .backend(feed)
        .concurrency(concurrency.max(1))
        .parallelize(tokio::spawn)
        .catch_panic()
        .build(handle);
    worker.run_until(stopped).await.map_err(|error| Error::Loop(error.into()))?;
    if shutdown.is_cancelled() { Ok(()) } else { Err(Error::Loop("the deliveries ended".into())) }
}
