//! What a notifier does with one wake-up call: claim, render, send, record. The message is acknowledged whatever came of
//! it, after the commit: rows say what is left to do.

use std::sync::Arc;

use domain::{
    clock::Clock,
    id::{NotificationId, WorkerId},
};
use outbound::Outbound;
use queue::{Message, Verdict};
use store::{Store, Topic};
use tracing::Instrument;

use crate::{
    answer::Answer,
    channels::{self, Letter},
    claim::{self, Claimed, Environment},
    receiver::{self, Receiver},
    recording::Recording,
};

/// What all handlers of one notifier share.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) public_url: String,
    /// Under which id this process owns notifications.
    pub(crate) id: WorkerId,
}

pub(crate) async fn handle(context: Arc<Context>, message: Message) -> Verdict {
    let Message::SendNotification { notification_id } = message else { return Verdict::Reject };
    match context.claim(notification_id).await {
        Ok(Some(claimed)) => {
            let notification = &claimed.notification;
            let span = tracing::info_span!(
                "notify",
                notification.id = %notification.id,
                incident.id = %notification.incident,
                channel.id = %notification.channel,
                attempt = notification.attempt,
            );
            context.own(claimed).instrument(span).await;
        }
        Ok(None) => {}
        // Its row wakes somebody again.
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, notification.id = %notification_id, "a notification could not be claimed");
        }
    }
    // Whoever waits behind it in its lane may have been woken, by a claim that answers nothing too.
    context.store.notify(Topic::Notifications);
    Verdict::Ack
}

impl Context {
    async fn claim(&self, id: NotificationId) -> store::Result<Option<Claimed>> {
        let (notifier, key) = (self.id, self.store.secrets_key().clone());
        let claim = self
            .store
            .write(move |conn| Box::pin(async move { claim::claim(conn, id, notifier, &key).await }));
        claim.await
    }

    async fn own(&self, claimed: Claimed) {
        let answer = self.tell(&claimed).await;
        Recording::new(claimed, answer).write(&self.store).await;
    }

    /// One try.
    async fn tell(&self, claimed: &Claimed) -> Answer {
        let Some(channel) = &claimed.channel else {
            return Answer::hopeless("the channel is not there any more");
        };
        let values = match &claimed.values {
            Environment::Open(values) => values,
            Environment::Gone => return Answer::hopeless("the channel's environment is not there any more"),
            Environment::Sealed => return Answer::later("the channel's secrets cannot be read"),
        };
        let receiver = match Receiver::resolve(&channel.document, values) {
            Ok(receiver) => receiver,
            Err(unsendable) => return Answer::hopeless(&unsendable.to_string()),
        };
        let letter = Letter {
            id: claimed.notification.id,
            notice: &claimed.notification.notice,
            sent_at: self.clock.now(),
            public_url: &self.public_url,
        };
        let request = channels::render(&receiver, &letter);
        let answered = self.outbound.session().send(&request).await;
        Answer::of(&answered, &receiver::masker(&receiver, values), self.clock.now())
    }
}
