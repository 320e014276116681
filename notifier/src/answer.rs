//! What one try came to: what it means, and what is kept of it for people: redacted and short.

use chrono::{DateTime, Utc};
use domain::{
    exchange::{Failure, Response},
    masking::Masker,
};
use store::notifications::Delivery;

use crate::{
    retry::{self, Outcome},
    words,
};

/// Characters of a receiver's answer that are kept.
const KEPT: usize = 500;

/// What a try came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What follows from it.
    pub(crate) outcome: Outcome,
    /// For people: no secret in it, on one line, short.
    pub(crate) text: String,
}

impl Answer {
    /// What came back from a receiver.
    pub(crate) fn of(answered: &Result<Response, Failure>, masker: &Masker, now: DateTime<Utc>) -> Self {
        match answered {
            Ok(response) => {
                let said = String::from_utf8_lossy(&response.body);
                let said = readable(&masker.text(&said));
                let separator = if said.is_empty() { "" } else { " " };
                let text = format!("{}{separator}{said}", response.status);
                Self { outcome: retry::of_response(response, now), text }
            }
            Err(failure) => {
                Self { outcome: retry::of_failure(failure), text: readable(&masker.text(&failure.message)) }
            }
        }
    }

    /// Nothing was sent, and nothing can be until somebody changes something.
    pub(crate) fn hopeless(why: &str) -> Self {
        Self { outcome: Outcome::Never, text: readable(why) }
    }

    /// Nothing was sent, and it may be possible later.
    pub(crate) fn later(why: &str) -> Self {
        Self {
            outcome: Outcome::Later { delivery: Delivery::Refused, not_before: None },
            text: readable(why),
        }
    }
}

/// On one line, cut. Masked before, because half a secret is not recognised.
fn readable(text: &str) -> String {
    words::cut(&words::one_line(text), KEPT)
}
