//! Any HTTP receiver, in the manner of Standard Webhooks.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>. `webhook-id` is
//! the notification's id, the same in every try: receivers deduplicate by it. `webhook-timestamp` is this try's.
//! `webhook-signature` comes with a secret only, and has one signature for each. A secret is base64, after `whsec_` or without it; one that is not base64
//! is taken as the bytes of its text.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::{
    document::AlertSeverity,
    exchange::Request,
    id::{IncidentId, NotificationId, RunId},
    incident::{self, IncidentLevel, SharedCause},
    notification::{Notice, NotificationKind, Subject},
    outcome::ReasonCode,
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use super::{Letter, json, post};
use crate::{limits, words};

const PREFIX: &str = "whsec_";

/// An HTTP receiver.
pub(crate) struct Webhook {
    pub(crate) url: String,
    /// As the user wrote them; none to send without a signature.
    pub(crate) secrets: Vec<String>,
    /// Another body than the event.
    pub(crate) template: Option<Template>,
}

/// A body in somebody else's form.
pub(crate) struct Template {
    pub(crate) text: String,
    pub(crate) content_type: String,
}

/// The body. Receivers rely on it: keys are added, never changed or taken away.
#[derive(Serialize)]
struct Event<'n> {
    /// `incident.opened`, `incident.reminded`, `incident.acknowledged`, `incident.resolved`; of a channel that refuses us,
    /// `channel.broken` and `channel.mended`.
    r#type: &'static str,
    /// When it happened.
    timestamp: String,
    data: Details<'n>,
}

#[derive(Serialize)]
struct Details<'n> {
    /// The same as the header `webhook-id`.
    notification: NotificationId,
    /// Whether somebody tries the channel out, and nothing happened.
    test: bool,
    /// All of it in one sentence.
    summary: String,
    incident: IncidentId,
    severity: AlertSeverity,
    /// How bad it is, or was at the worst.
    level: IncidentLevel,
    /// When it goes up and down: how often, since when.
    flapping: Option<Flapping>,
    /// The shared set-up that is to blame: `session-login@production`.
    cause: Option<&'n SharedCause>,
    monitor: &'n str,
    collection: &'n str,
    collection_name: &'n str,
    location: &'n str,
    opened_at: String,
    /// Null while it is down.
    resolved_at: Option<String>,
    /// From `opened_at` to `timestamp`, in seconds.
    down_for: i64,
    /// The run that brought it about.
    run: RunId,
    /// Why that run did not pass.
    reason: Option<Reason<'n>>,
    /// The step that failed.
    step: Option<Step<'n>>,
    /// The first assertion that did not hold.
    assertion: Option<Assertion<'n>>,
    links: Links,
}

#[derive(Serialize)]
struct Flapping {
    since: String,
    /// How often it was down since then, this time included.
    times: u32,
}

impl From<incident::Flapping> for Flapping {
    fn from(seen: incident::Flapping) -> Self {
        Self { since: words::instant(seen.since), times: seen.incidents + seen.relapses }
    }
}

#[derive(Serialize)]
struct Reason<'n> {
    code: ReasonCode,
    message: &'n str,
}

#[derive(Serialize)]
struct Step<'n> {
    /// Counted from 1.
    number: u32,
    name: &'n str,
}

#[derive(Serialize)]
struct Assertion<'n> {
    source: &'n str,
    comparison: &'n str,
    expected: Value,
    /// Null also when there was nothing; then `message` says so.
    actual: Option<Value>,
    message: Option<&'n str>,
}

#[derive(Serialize)]
struct Links {
    run: String,
}

impl Webhook {
    /// The signed event for a notice.
    ///
    /// # Errors
    /// Why the template makes nothing of it.
    pub(crate) fn render(&self, letter: &Letter<'_>) -> Result<Request, String> {
        let notice = letter.notice;
        let event = Event {
            r#type: type_of(notice),
            timestamp: words::instant(notice.occurred_at),
            data: details(letter),
        };
        let body = self.body(&event)?;
        let id = letter.id.to_string();
        let timestamp = letter.sent_at.timestamp().to_string();
        let signatures: Vec<_> =
            self.secrets.iter().map(|secret| signature(secret, &id, &timestamp, &body)).collect();
        let mut headers = vec![("webhook-id".to_owned(), id), ("webhook-timestamp".to_owned(), timestamp)];
        if !signatures.is_empty() {
            headers.push(("webhook-signature".to_owned(), signatures.join(" ")));
        }
        let mut request = post(&self.url, body, headers);
        if let Some(template) = &self.template {
            request.headers[0].1.clone_from(&template.content_type);
        }
        Ok(request)
    }

    fn body(&self, event: &Event<'_>) -> Result<Vec<u8>, String> {
        let Some(template) = &self.template else { return Ok(json(event)) };
        let event = serde_json::to_value(event).expect("texts, numbers and JSON values are JSON");
        let body = domain::template::render(&template.text, &template.content_type, &event);
        body.map(String::into_bytes).map_err(|why| format!("the channel's `template` fails: {why}"))
    }
}

/// The secret itself.
pub(crate) fn without_prefix(secret: &str) -> &str {
    secret.strip_prefix(PREFIX).unwrap_or(secret)
}

fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let secret = without_prefix(secret);
    let key = STANDARD.decode(secret).unwrap_or_else(|_| secret.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

const fn type_of(notice: &Notice) -> &'static str {
    match notice.kind {
        NotificationKind::Resolved if is_about_a_channel(notice) => "channel.mended",
        _ if is_about_a_channel(notice) => "channel.broken",
        NotificationKind::Opened => "incident.opened",
        NotificationKind::Worsened => "incident.worsened",
        NotificationKind::Reminded => "incident.reminded",
        NotificationKind::Acknowledged => "incident.acknowledged",
        NotificationKind::Resolved => "incident.resolved",
    }
}

const fn is_about_a_channel(notice: &Notice) -> bool {
    matches!(notice.subject, Subject::BrokenChannel { .. })
}

fn details<'n>(letter: &Letter<'n>) -> Details<'n> {
    let notice = letter.notice;
    Details {
        notification: letter.id,
        test: notice.subject == Subject::Test,
        summary: words::summary(notice),
        incident: notice.incident,
        severity: notice.severity,
        level: notice.level,
        flapping: notice.flapping.map(Flapping::from),
        cause: notice.cause.as_ref(),
        monitor: notice.monitor.as_str(),
        collection: notice.collection.as_str(),
        collection_name: &notice.collection_name,
        location: notice.location.as_str(),
        opened_at: words::instant(notice.opened_at),
        resolved_at: resolved_at(notice).map(words::instant),
        down_for: words::down_for(notice).num_seconds(),
        run: notice.run,
        reason: notice.reason.as_ref().map(|why| Reason { code: why.code, message: &why.message }),
        step: notice.step.as_ref().map(|(number, name)| Step { number: *number, name }),
        assertion: assertion(notice),
        links: Links { run: words::link(letter.public_url, notice) },
    }
}

fn resolved_at(notice: &Notice) -> Option<DateTime<Utc>> {
    (notice.kind == NotificationKind::Resolved).then_some(notice.occurred_at)
}

fn assertion(notice: &Notice) -> Option<Assertion<'_>> {
    notice.assertion.as_ref().map(|broken| Assertion {
        source: &broken.source,
        comparison: &broken.comparison,
        expected: short(&broken.expected),
        actual: broken.actual.as_ref().map(short),
        message: broken.message.as_deref(),
    })
}

fn short(value: &Value) -> Value {
    let text = value.to_string();
    let cut = limits::WEBHOOK_VALUE.fit(&text);
    if cut == text { value.clone() } else { Value::String(cut) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of the reference libraries of Standard Webhooks.
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: &str = "1614265330";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signature_is_that_of_the_reference_libraries() {
        for secret in ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(signature(secret, ID, TIMESTAMP, BODY), SIGNATURE);
        }
    }

    /// Computed by Python's `hmac` module with the key `b"not base64!"`.
    #[test]
    fn a_secret_that_is_not_base64_is_its_bytes() {
        let expected = "v1,X3H/CoPSJfwMKsG5/FH2j9+cfW+n7jaBGeB1KmHYM7I=";
        assert_eq!(signature("not base64!", ID, TIMESTAMP, BODY), expected);
        assert_eq!(signature("whsec_not base64!", ID, TIMESTAMP, BODY), expected);
    }
}
