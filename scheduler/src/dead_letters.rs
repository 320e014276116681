//! Messages that were delivered too often, be it that they came upon workers that died. The row of each is woken at
//! once; nothing is ended here, because a row knows better than a message what is left to do (I4).

use queue::{Message, Queue, Verdict};
use store::{Store, Topic, notifications, runs};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// Wakes the rows of dead letters until `shutdown`.
///
/// # Errors
/// [`Error::Queue`] when the broker does not hand them out, or the loop over them breaks.
pub(crate) async fn follow(store: &Store, queue: &Queue, shutdown: &CancellationToken) -> Result<(), Error> {
    let deliveries = queue.dead_letters().await?;
    let store = store.clone();
    let handler = move |message| {
        let store = store.clone();
        async move { verdict(message, once(&store, message).await) }
    };
    Ok(queue::work("dead letters", deliveries, 1, shutdown.clone(), handler).await?)
}

/// A row that could not be woken wakes by itself later; the letter has done its duty.
fn verdict(message: Message, woken: Result<(), Error>) -> Verdict {
    match woken {
        Ok(()) => tracing::warn!(?message, "A message was delivered too often; its row is woken again."),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                ?message,
                error,
                "The row of a dead letter could not be woken; it wakes by itself."
            );
        }
    }
    Verdict::Ack
}

/// Wakes the row of one dead letter, if it still waits.
///
/// # Errors
/// [`Error::Store`]; then the row wakes when its back-off is over.
pub async fn once(store: &Store, message: Message) -> Result<(), Error> {
    let wake = store.write(move |conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            match message {
                Message::ExecuteRun { run_id } => runs::wake_again(conn, &[run_id], now).await,
                Message::SendNotification { notification_id } => {
                    notifications::wake_again(conn, &[notification_id], now).await
                }
            }
        })
    });
    wake.await?;
    store.notify(match message {
        Message::ExecuteRun { .. } => Topic::Runs,
        Message::SendNotification { .. } => Topic::Notifications,
    });
    Ok(())
}
