//! From rows to messages: a wake-up call for each run and each notification that waits, with the broker's word that it
//! has it. Losing one costs time only: `wake_at` was set ahead before the publish, and the row is called again then.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use domain::{document::Slug, id::RunId};
use queue::{Destination, Message, Published, Queue};
use store::{Store, notifications, runs};
use tokio::time::timeout;

use crate::{Error, Turn};

/// Messages in flight at the most: rows wait, memory does not grow.
const BATCH: u32 = 500;
/// When a message is tried again that the broker certainly does not have.
const AGAIN: TimeDelta = TimeDelta::seconds(1);
/// A broker that does not answer counts as one that is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes the runs that are due for a message, each to the queue of its location.
///
/// # Errors
/// [`Error::Store`], or [`Error::Queue`]; what was not published comes again.
#[tracing::instrument(name = "scheduler.relay.runs", level = "debug", skip_all)]
pub async fn runs(store: &Store, queue: &Queue) -> Result<Turn, Error> {
    let (now, due, next) = store
        .write(|conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let due = runs::wake(conn, now, BATCH).await?;
                Ok((now, due, runs::next_wake(conn, now).await?))
            })
        })
        .await?;
    let turn = Turn::until(due.len(), BATCH, next, now);
    let mut by_location = BTreeMap::<Slug, Vec<RunId>>::new();
    for (id, location) in due {
        by_location.entry(location).or_default().push(id);
    }
    let due = by_location.into_iter().map(|(location, ids)| (Destination::Runs(location), ids));
    let sent = send(queue, due, |run_id| Message::ExecuteRun { run_id }).await;
    if !sent.unsent.is_empty() {
        store
            .write(move |conn| {
                Box::pin(async move { runs::wake_again(conn, &sent.unsent, now + AGAIN).await })
            })
            .await?;
    }
    sent.failure.map_or(Ok(turn), |error| Err(error.into()))
}

/// Publishes the notifications that are due for a message.
///
/// # Errors
/// [`Error::Store`], or [`Error::Queue`]; what was not published comes again.
#[tracing::instrument(name = "scheduler.relay.notifications", level = "debug", skip_all)]
pub async fn notifications(store: &Store, queue: &Queue) -> Result<Turn, Error> {
    let (now, due) = store
        .write(|conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                Ok((now, notifications::wake(conn, now, BATCH).await?))
            })
        })
        .await?;
    let turn = Turn::after(due.len(), BATCH);
    let due = (!due.is_empty()).then_some((Destination::Notifications, due));
    let sent = send(queue, due, |notification_id| Message::SendNotification { notification_id }).await;
    if !sent.unsent.is_empty() {
        store
            .write(move |conn| {
                Box::pin(async move { notifications::wake_again(conn, &sent.unsent, now + AGAIN).await })
            })
            .await?;
    }
    sent.failure.map_or(Ok(turn), |error| Err(error.into()))
}

/// What came of publishing a batch.
#[derive(Debug)]
struct Sent<I> {
    /// Not with the broker, as far as we know.
    unsent: Vec<I>,
    /// Why the broker could not be asked.
    failure: Option<queue::Error>,
}

async fn send<I: Copy>(
    queue: &Queue,
    batches: impl IntoIterator<Item = (Destination, Vec<I>)>,
    message: impl Fn(I) -> Message,
) -> Sent<I> {
    let mut sent = Sent { unsent: Vec::new(), failure: None };
    for (destination, ids) in batches {
        if sent.failure.is_some() {
            // The broker is away: the other queues need not find that out one by one.
            sent.unsent.extend(ids);
            continue;
        }
        let messages: Vec<_> = ids.iter().copied().map(&message).collect();
        match publish(queue, &destination, &messages).await {
            Ok(answers) => {
                let pairs = ids.into_iter().zip(answers);
                sent.unsent
                    .extend(pairs.filter(|(_, answer)| *answer != Published::Confirmed).map(|(id, _)| id));
            }
            Err(error) => {
                sent.unsent.extend(ids);
                sent.failure = Some(error);
            }
        }
    }
    sent
}

/// One answer per message. A queue that is not there is declared, and has them the next time.
async fn publish(
    queue: &Queue,
    destination: &Destination,
    messages: &[Message],
) -> Result<Vec<Published>, queue::Error> {
    let publish = async {
        let answers = queue.publish(destination, messages).await?;
        if answers.contains(&Published::Returned) {
            tracing::warn!(queue = %destination, "Nobody has served this queue yet; it is made, and waits for a consumer.");
            queue.declare(destination).await?;
        }
        if answers.contains(&Published::Refused) {
            tracing::warn!(queue = %destination, "The broker refuses messages for now; they are sent again.");
        }
        Ok(answers)
    };
    timeout(PATIENCE, publish).await.unwrap_or_else(|late| Err(queue::Error::Unreachable(late.into())))
}
