//! How each kind of receiver is written to: pure functions from a notice to what is sent. A new kind is a new file here
//! and an arm in [`render`].

pub(crate) mod email;
pub(crate) mod pagerduty;
pub(crate) mod slack;
#[cfg(test)]
mod tests;
pub(crate) mod webhook;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    exchange::{Connection, Request},
    id::NotificationId,
    notification::Notice,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::email::Mail;
use crate::receiver::Receiver;

/// For one request, answer included; a try makes at most two.
const TIMEOUT: Duration = Duration::from_secs(12);
/// Bytes of a receiver's answer that are read; hardly any of it is kept.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What is said in one try.
pub(crate) struct Letter<'n> {
    /// The same in every try.
    pub(crate) id: NotificationId,
    /// To whom.
    pub(crate) channel: &'n Slug,
    /// What happened.
    pub(crate) notice: &'n Notice,
    /// What the receiver calls the first message about it, if it said so.
    pub(crate) thread: Option<&'n str>,
    /// Whether that message may be brought up to date.
    pub(crate) updates: bool,
    /// When this try is made.
    pub(crate) sent_at: DateTime<Utc>,
    /// What links begin with.
    pub(crate) public_url: &'n str,
}

/// What is sent in one try.
pub(crate) enum Parcel {
    /// In this order.
    Calls(Vec<Call>),
    /// Boxed, for it is much larger.
    Mail(Box<Mail>),
}

/// One request.
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) weight: Weight,
}

/// What it means when a request is refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// So is the message.
    Message,
    /// Nothing: it is an addition, and the message follows.
    Addition,
}

impl From<Request> for Parcel {
    fn from(request: Request) -> Self {
        Self::Calls(vec![Call { request, weight: Weight::Message }])
    }
}

/// What tells it.
///
/// # Errors
///
/// A sentence: somebody has to change the channel first.
pub(crate) fn render(receiver: &Receiver, letter: &Letter<'_>) -> Result<Parcel, String> {
    match receiver {
        Receiver::Pagerduty(pagerduty) => Ok(pagerduty.render(letter).into()),
        Receiver::Slack(slack) => Ok(Parcel::Calls(slack.render(letter))),
        Receiver::Email(email) => email.render(letter).map(|mail| Parcel::Mail(Box::new(mail))),
        Receiver::Webhook(webhook) => Ok(webhook.render(letter)?.into()),
    }
}

/// What tells receivers apart and tells nobody their keys.
fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("texts, numbers and JSON values are JSON")
}

/// A POST of JSON that follows no redirect.
fn post(url: &str, body: Vec<u8>, headers: Vec<(String, String)>) -> Request {
    let mut all = vec![("content-type".to_owned(), "application/json".to_owned())];
    all.extend(headers);
    Request {
        method: "POST".to_owned(),
        url: url.into(),
        headers: all,
        secret_headers: Vec::new(),
        body: body.into(),
        timeout: TIMEOUT,
        follow_redirects: false,
        max_redirects: 0,
        max_body: MAX_ANSWER,
        cookies: false,
        connection: Connection::default(),
        digest: None,
    }
}
