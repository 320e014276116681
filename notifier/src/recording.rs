//! What came of a try, written down: the notification's row and the channel's mark in one transaction.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::notification::NotificationKind;
use store::{
    Conn, Patience, Store, channels,
    notifications::{self, Answered, Delivery},
};
use tokio::time::Instant;

use crate::{
    answer::Answer,
    claim::Claimed,
    outage,
    retry::{Next, Outcome},
    words,
};

/// How long it is tried: the claim is still good then, whatever the sending took.
const PATIENCE: Duration = Duration::from_secs(25);

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
    /// `None` when the attempt is not the present one any more. What it told may be over by then: see
    /// [`notifications::tell_end_again`].
    async fn record(&self, conn: &mut Conn) -> store::Result<Option<Next>> {
        let now = store::now(conn).await?;
        let notification = &self.claimed.notification;
        let (id, attempt) = (notification.id, notification.attempt);
        let answer = Answered { status: self.answer.status, text: &self.answer.text };
        let next = self.answer.outcome.next(notification.worth_until, attempt, now, self.dice);
        let recorded = match next {
            Next::Sent => notifications::record_sent(conn, id, attempt, answer, now).await?,
            Next::Retry { delivery, at } => {
                notifications::record_retry(conn, id, attempt, answer, delivery, at).await?
            }
            Next::TooLate | Next::Broken => {
                notifications::record_dead(conn, id, attempt, answer, now).await?
            }
        };
        if !recorded {
            if self.may_have_opened() {
                notifications::tell_end_again(conn, id, now).await?;
            }
            return Ok(None);
        }
        if let (Next::Sent, Some(receipt)) = (next, &self.answer.receipt) {
            notifications::keep_receipt(conn, id, receipt).await?;
        }
        self.mark(conn, next, now).await?;
        Ok(Some(next))
    }

    /// Whether the receiver may have begun something by this try.
    fn may_have_opened(&self) -> bool {
        let begins = !matches!(
            self.claimed.notification.kind,
            NotificationKind::Acknowledged | NotificationKind::Resolved
        );
        begins
            && match self.answer.outcome {
                Outcome::Taken => true,
                Outcome::Later { delivery, .. } => delivery == Delivery::Unknown,
                Outcome::Never => false,
            }
    }

    /// Says of the channel whether its receiver refuses us.
    async fn mark(&self, conn: &mut Conn, next: Next, now: DateTime<Utc>) -> store::Result<()> {
        let Some(tried) = &self.claimed.channel else { return Ok(()) };
        match next {
            Next::Sent => channels::mark_whole(conn, tried, now).await,
            Next::Broken => {
                let why = self.answer.text.as_str();
                if channels::mark_broken(conn, tried, why, now).await? {
                    outage::tell(conn, &self.claimed.notification, why, now).await?;
                }
                Ok(())
            }
            Next::Retry { .. } | Next::TooLate => Ok(()),
        }
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
