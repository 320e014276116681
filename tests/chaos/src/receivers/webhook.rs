//! A receiver of signed webhooks, as Standard Webhooks describes it.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>: the signature is that of
//! `id.timestamp.body`, any of those in the header may be the right one, and a time stamp that is more than five minutes off is
//! somebody's replay. One id is one event, however often it comes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    clock,
    web::{Answer, Asked, Handler},
};

/// Seconds that clocks may be apart.
const TOLERANCE: i64 = 5 * 60;

/// The three headers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signature: &'a str,
}

/// Whether an event comes from somebody who has one of these secrets (`whsec_` and base64).
///
/// # Errors
///
/// Why it is not believed.
pub fn verify(signed: Signed<'_>, body: &[u8], secrets: &[&str], now: i64) -> Result<(), String> {
    let at: i64 = signed.timestamp.parse().map_err(|_| format!("no time stamp: {}", signed.timestamp))?;
    if (now - at).abs() > TOLERANCE {
        return Err(format!("the time stamp is {} s off", now - at));
    }
    if signed.id.is_empty() || signed.id.contains('.') {
        return Err(format!("no id: `{}`", signed.id));
    }
    let mut given = signed.signature.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let known =
        |text: &str| secrets.iter().any(|secret| signature(secret, signed, body).as_deref() == Some(text));
    if given.any(known) { Ok(()) } else { Err("no signature is of a known secret".to_owned()) }
}

fn signature(secret: &str, signed: Signed<'_>, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    for part in [signed.id.as_bytes(), b".", signed.timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

/// The server's state.
#[derive(Debug)]
pub struct Webhook {
    secret: String,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    events: BTreeMap<String, Value>,
    again: usize,
    refused: Vec<String>,
}

impl Webhook {
    /// Knows one secret.
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned(), inside: Mutex::default() }
    }

    /// Every event, by its id.
    pub fn events(&self) -> BTreeMap<String, Value> {
        self.lock().events.clone()
    }

    /// How many came once more, which whoever goes by the id does not notice.
    pub fn again(&self) -> usize {
        self.lock().again
    }

    /// Why events were not believed.
    pub fn refused(&self) -> Vec<String> {
        self.lock().refused.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Webhook {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        let header = |name| asked.header(name).unwrap_or_default();
        let signed = Signed {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let verified = verify(signed, &asked.body, &[&self.secret], clock::now() / 1000);
        let event =
            verified.and_then(|()| serde_json::from_slice(&asked.body).map_err(|error| error.to_string()));
        let mut inside = self.lock();
        match event {
            Ok(event) => {
                let known = inside.events.insert(signed.id.to_owned(), event).is_some();
                inside.again += usize::from(known);
                Some(Answer::of(StatusCode::OK, json!({})))
            }
            Err(why) => {
                inside.refused.push(why.clone());
                Some(Answer::of(StatusCode::UNAUTHORIZED, json!({ "error": why })))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of the reference libraries of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNED: Signed<'_> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: "v1,bm9uZQ== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };

    #[test]
    fn one_of_several_signatures_is_enough() {
        assert_eq!(verify(SIGNED, BODY, &["whsec_b3RoZXI=", SECRET], 1_614_265_330 + 300), Ok(()));
    }

    #[test]
    fn what_is_late_changed_or_of_a_stranger_is_not_believed() {
        assert!(verify(SIGNED, BODY, &[SECRET], 1_614_265_330 + 301).is_err());
        assert!(verify(SIGNED, b"{}", &[SECRET], 1_614_265_330).is_err());
        assert!(verify(SIGNED, BODY, &["whsec_b3RoZXI="], 1_614_265_330).is_err());
    }
}
