//! What a notifier does with one wake-up call: claim, render, send, record. The message is acknowledged whatever came of
//! it, after the commit: rows say what is left to do.

use std::sync::Arc;

use domain::{
    clock::Clock,
    id::{NotificationId, WorkerId},
    masking::Masker,
};
use outbound::Outbound;
use queue::{Message, Verdict};
use secrecy::ExposeSecret;
use store::{Store, Topic};
use tracing::Instrument;

use crate::{
    answer::Answer,
    channels::{self, Call, Letter, Parcel, Weight, email::Mail},
    claim::{self, Addressee, Claimed},
    gate::{self, Gates, Place},
    receiver::Receiver,
    recording::Recording,
    retry::Outcome,
    smtp::{Delivered, Smtp},
};

/// What all handlers of one notifier share.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) outbound: Outbound,
    /// The server for e-mail, if there is one.
    pub(crate) smtp: Option<Arc<Smtp>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) public_url: String,
    /// Under which id this process owns notifications.
    pub(crate) id: WorkerId,
    pub(crate) gates: Arc<Gates>,
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
        let (smtp, gates) = (self.smtp.clone(), self.gates.clone());
        let claim = self.store.write(move |conn| {
            Box::pin(async move { claim::claim(conn, id, notifier, &key, smtp.as_deref(), &gates).await })
        });
        claim.await
    }

    async fn own(&self, mut claimed: Claimed) {
        // It is kept until the answer is recorded.
        let mut place = claimed.place.take();
        let answer = self.tell(&claimed, &mut place).await;
        Recording::new(claimed, answer).write(&self.store).await;
    }

    /// One try.
    async fn tell(&self, claimed: &Claimed, place: &mut Option<Place>) -> Answer {
        let (receiver, masker) = match &claimed.addressee {
            Addressee::Known(known) => (&known.0, &known.1),
            Addressee::Nobody(why) => return Answer::hopeless(why),
            Addressee::NotNow(why) => return Answer::later(why),
        };
        let letter = Letter {
            id: claimed.notification.id,
            channel: &claimed.notification.channel,
            notice: &claimed.notification.notice,
            thread: claimed.thread.as_deref(),
            updates: claimed.updates,
            sent_at: self.clock.now(),
            public_url: &self.public_url,
        };
        match channels::render(receiver, &letter) {
            Ok(Parcel::Calls(calls)) => self.call(calls, receiver, masker, place).await,
            Ok(Parcel::Mail(mail)) => self.mail(&mail, masker, place).await,
            Err(why) => Answer::hopeless(&masker.text(&why)),
        }
    }

    /// One request after the other; the last answer counts, or the first that ends it.
    async fn call(
        &self,
        calls: Vec<Call>,
        receiver: &Receiver,
        masker: &Masker,
        place: &mut Option<Place>,
    ) -> Answer {
        let mut last = Answer::hopeless("there was nothing to send");
        for Call { request, weight } in calls {
            let mut session = self.outbound.session();
            let answered = match weight {
                Weight::Message => gate::hand_over(place, session.send(&request)).await,
                // Twice or once, it comes to the same.
                Weight::Addition => session.send(&request).await,
            };
            last = Answer::of(&answered, masker, self.clock.now());
            if let (Receiver::Slack(slack), Ok(response)) = (receiver, &answered) {
                last.outcome = slack.judge(response, self.clock.now());
                last.receipt = slack.receipt(response);
            }
            let goes_on = match weight {
                Weight::Message => last.outcome == Outcome::Taken,
                // Whatever waits is tried again whole.
                Weight::Addition => !matches!(last.outcome, Outcome::Later { .. }),
            };
            if !goes_on {
                break;
            }
        }
        last
    }

    async fn mail(&self, mail: &Mail, masker: &Masker, place: &mut Option<Place>) -> Answer {
        let Some(smtp) = &self.smtp else { return Answer::hopeless("no mail server is configured") };
        let mut masker = masker.clone();
        if let Some(password) = smtp.password() {
            masker.add(password.expose_secret());
        }
        let Delivered { outcome, status, text } = smtp.deliver(mail, place).await;
        match status {
            Some(status) => Answer::said(outcome, status, &text, &masker),
            None => Answer::silent(outcome, &text, &masker),
        }
    }
}
