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

#[cfg(test)]
mod tests {
    use domain::exchange::Timing;

    use super::*;

    fn kept(status: u16, body: &[u8]) -> String {
        let response = Response {
            status,
            http_version: "HTTP/1.1",
            url: String::new(),
            headers: Vec::new(),
            body: body.to_vec().into(),
            timing: Timing::default(),
            peer: None,
            redirects: 0,
            tls: None,
        };
        Answer::of(&Ok(response), &Masker::new(["hunter22"]), DateTime::UNIX_EPOCH).text
    }

    #[test]
    fn what_a_receiver_says_is_kept_on_one_line_without_secrets() {
        assert_eq!(kept(204, b""), "204");
        let said = b"{\n  \"key\": \"hunter22\"\n}\0\xff";
        assert_eq!(kept(400, said), "400 { \"key\": \"***\" } \u{fffd}");
    }

    #[test]
    fn a_secret_where_the_answer_is_cut_does_not_show_its_half() {
        let long = format!("{}hunter22{}", "x".repeat(KEPT - 4), "y".repeat(KEPT));
        let kept = kept(500, long.as_bytes());
        assert!(kept.ends_with("x***…"), "{kept}");
        assert_eq!(kept.chars().count(), "500 ".len() + KEPT);
    }
}
