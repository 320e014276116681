//! What one try came to: what it means, and what is kept of it for people: redacted and short.

use chrono::{DateTime, Utc};
use domain::{
    exchange::{Failure, Response},
    masking::Masker,
};
use store::notifications::Delivery;

use crate::{
    limits,
    retry::{self, Outcome},
    words,
};

/// What a try came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What follows from it.
    pub(crate) outcome: Outcome,
    /// For people: no secret in it, on one line, short.
    pub(crate) text: String,
    /// Of HTTP or SMTP, if there was an answer.
    pub(crate) status: Option<u16>,
    /// What the receiver calls what it took, where later messages need that.
    pub(crate) receipt: Option<String>,
}

impl Answer {
    /// What came back from a receiver over HTTP.
    pub(crate) fn of(answered: &Result<Box<Response>, Failure>, masker: &Masker, now: DateTime<Utc>) -> Self {
        match answered {
            Ok(response) => {
                let said = String::from_utf8_lossy(&response.body);
                Self::said(retry::of_response(response, now), response.status, &said, masker)
            }
            Err(failure) => Self::silent(retry::of_failure(failure), &failure.message, masker),
        }
    }

    /// The receiver answered.
    pub(crate) fn said(outcome: Outcome, status: u16, text: &str, masker: &Masker) -> Self {
        let said = readable(&masker.text(text));
        let separator = if said.is_empty() { "" } else { " " };
        let text = format!("{status}{separator}{said}");
        Self { outcome, text, status: Some(status), receipt: None }
    }

    /// It did not.
    pub(crate) fn silent(outcome: Outcome, why: &str, masker: &Masker) -> Self {
        Self { outcome, text: readable(&masker.text(why)), status: None, receipt: None }
    }

    /// Nothing was sent, and nothing can be until somebody changes something.
    pub(crate) fn hopeless(why: &str) -> Self {
        Self { outcome: Outcome::Never, text: readable(why), status: None, receipt: None }
    }

    /// Nothing was sent, and it may be possible later.
    pub(crate) fn later(why: &str) -> Self {
        Self {
            outcome: Outcome::Later { delivery: Delivery::Refused, not_before: None },
            text: readable(why),
            status: None,
            receipt: None,
        }
    }
}

/// On one line, cut. Masked before, because half a secret is not recognised.
fn readable(text: &str) -> String {
    limits::ANSWER.fit(&words::one_line(text))
}

#[cfg(test)]
mod tests {
    use domain::exchange::Timing;

    use super::*;

    fn kept(status: u16, body: &[u8]) -> String {
        let response = Box::new(Response {
            status,
            http_version: "HTTP/1.1",
            url: String::new(),
            headers: Default::default(),
            body: body.to_vec().into(),
            timing: Timing::default(),
            peer: None,
            redirects: 0,
            tls: None,
        });
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
        let long = format!("{}hunter22{}", "x".repeat(496), "y".repeat(500));
        let kept = kept(500, long.as_bytes());
        assert!(kept.ends_with("x***…"), "{kept}");
        assert_eq!(kept.chars().count(), "500 ".len() + 500);
    }
}
