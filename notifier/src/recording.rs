//! What came of a try, written down: the notification's row and the channel's mark in one transaction.

use std::{sync::Arc, time::Duration};

use store::{Conn, Patience, Store, channels, notifications};
use tokio::time::Instant;

use crate::{answer::Answer, claim::Claimed, retry::Next, words};

/// How long it is tried: the claim is still good then, whatever the sending took.
const PATIENCE: Duration = Duration::from_secs(40);

/// A try that is over.
pub(crate) struct Recording(Arc<Ended>);

struct Ended {
    claimed: Claimed,
    answer: Answer,
    dice: f64,
}

impl Recording {
    pub(crate) fn new(claimed: Claimed, answer: Answer) -> Self {
        Self(Arc::new(Ended { claimed, answer, dice: rand::random() }))
    }

    /// Writes, again and again while the database does not answer and the claim is good. After that the reaper gives the
    /// notification to somebody who sends it again, under the same key.
    pub(crate) async fn write(self, store: &Store) {
        let ended = self.0.clone();
        let patience = Patience::new("recording a notification").until(Instant::now() + PATIENCE);
        let written = store
            .write_patiently(patience, move |conn| Box::pin(async move { ended.record(conn).await }))
            .await;
        match written {
            Ok(recorded) => self.0.log(recorded),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    error,
                    "what came of a notification could not be recorded: it will be sent again"
                );
            }
        }
    }
}

impl Ended {
    /// `None` when the attempt is not the present one any more.
    async fn record(&self, conn: &mut Conn) -> store::Result<Option<Next>> {
        let now = store::now(conn).await?;
        let notification = &self.claimed.notification;
        let (id, attempt, text) = (notification.id, notification.attempt, self.answer.text.as_str());
        let next = self.answer.outcome.next(notification.created_at, attempt, now, self.dice);
        let recorded = match next {
            Next::Sent => notifications::record_sent(conn, id, attempt, text, now).await?,
            Next::Retry { delivery, at } => {
                notifications::record_retry(conn, id, attempt, text, delivery, at).await?
            }
            Next::TooLate | Next::Broken => notifications::record_dead(conn, id, attempt, text, now).await?,
        };
        if !recorded {
            return Ok(None);
        }
        match next {
            Next::Sent => self.mark(conn, None).await?,
            Next::Broken => self.mark(conn, Some(text)).await?,
            Next::Retry { .. } | Next::TooLate => {}
        }
        Ok(Some(next))
    }

    /// Says of the channel whether its receiver refuses us, unless it was changed since: then it is another one.
    async fn mark(&self, conn: &mut Conn, broken: Option<&str>) -> store::Result<()> {
        let Some(tried) = &self.claimed.channel else { return Ok(()) };
        let slug = &tried.document.id;
        let present = channels::get(conn, slug).await?;
        let marks = |channel: &channels::SavedChannel| {
            channel.updated_at == tried.updated_at && channel.broken.as_deref() != broken
        };
        if present.as_ref().is_some_and(marks) {
            channels::set_broken(conn, slug, broken).await?;
        }
        Ok(())
    }

    fn log(&self, recorded: Option<Next>) {
        let answer = self.answer.text.as_str();
        match recorded {
            Some(Next::Sent) => {
                let kind = self.claimed.notification.notice.kind.as_str();
                tracing::info!(notification.kind = kind, "somebody was told");
            }
            Some(Next::Retry { at, .. }) => {
                let next_attempt_at = words::instant(at);
                tracing::warn!(answer, next_attempt_at, "a receiver did not take a notification");
            }
            Some(Next::TooLate) => tracing::error!(answer, "a notification was given up after 24 hours"),
            Some(Next::Broken) => {
                tracing::error!(answer, "a notification was given up: its channel is broken")
            }
            None => tracing::warn!("a notification was taken over by another notifier"),
        }
    }
}
