//! How each kind of receiver is written to: pure functions from a notice to a request. A new kind is a new file here and
//! an arm in [`render`].

pub(crate) mod pagerduty;
#[cfg(test)]
mod tests;
pub(crate) mod webhook;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    exchange::{Connection, Request},
    id::NotificationId,
    notification::Notice,
};
use serde::Serialize;

use crate::receiver::Receiver;

/// For one try, answer included.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a receiver's answer that are read; hardly any of it is kept.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What is said in one try.
pub(crate) struct Letter<'n> {
    /// The same in every try.
    pub(crate) id: NotificationId,
    /// What happened.
    pub(crate) notice: &'n Notice,
    /// When this try is made.
    pub(crate) sent_at: DateTime<Utc>,
    /// What links begin with.
    pub(crate) public_url: &'n str,
}

/// The request that tells it.
pub(crate) fn render(receiver: &Receiver, letter: &Letter<'_>) -> Request {
    match receiver {
        Receiver::Pagerduty(pagerduty) => pagerduty.render(letter),
        Receiver::Webhook(webhook) => webhook.render(letter),
    }
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
        url: url.to_owned(),
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
