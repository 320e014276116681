//! What follows from a try: sent, again later, or never. Pure.
//!
//! | the receiver | | means |
//! |---|---|---|
//! | 2xx | | sent |
//! | 408, 425, 429, 5xx | `Retry-After` or back-off | it is tried again, up to 24 h after the event |
//! | SMTP 2xx | | sent |
//! | SMTP 4xx | back-off | it is tried again, too |
//! | no answer: DNS, connection, TLS, time-out | back-off | as well |
//! | everything else: 3xx, 4xx, SMTP 5xx, an address that is denied or none | | dead, and the channel is broken |
//!
//! A redirect is not followed: what we send is signed for, or holds a key of, the receiver that the user named.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    exchange::{Failure, Response},
    outcome::ReasonCode,
    planted::{Bug, has},
};
use store::notifications::Delivery;

/// The back-off's first wait at the most, doubling to the longest.
const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// A receiver cannot have us wait longer than this, nor not at all.
const LONGEST_WISH: TimeDelta = TimeDelta::hours(1);
const SHORTEST: TimeDelta = TimeDelta::seconds(1);

/// What a try means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver has it.
    Taken,
    /// It may take it another time.
    Later {
        /// Whether it has it nevertheless.
        delivery: Delivery,
        /// When it wants to be asked again.
        not_before: Option<DateTime<Utc>>,
    },
    /// It never will, until somebody changes something.
    Never,
}

/// What becomes of the notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is done.
    Sent,
    /// It is tried again then.
    Retry { delivery: Delivery, at: DateTime<Utc> },
    /// It is given up: it was tried for 24 hours.
    TooLate,
    /// It is given up, and with it the channel as it is.
    Broken,
}

/// What an answer means.
pub(crate) fn of_response(response: &Response, now: DateTime<Utc>) -> Outcome {
    let not_before = response.header("retry-after").and_then(|text| retry_after(&text, now));
    match response.status {
        200..300 => Outcome::Taken,
        408 | 425 | 429 => refused_for_now(response, now),
        // Often a proxy's, which cannot know what the receiver behind it did.
        500.. => Outcome::Later { delivery: Delivery::Unknown, not_before },
        _ => Outcome::Never,
    }
}

/// A refusal that passes by itself.
pub(crate) fn refused_for_now(response: &Response, now: DateTime<Utc>) -> Outcome {
    let not_before = response.header("retry-after").and_then(|text| retry_after(&text, now));
    Outcome::Later { delivery: Delivery::Refused, not_before }
}

/// An answer that says neither yes nor no: of a proxy, for example.
pub(crate) const fn unreadable() -> Outcome {
    Outcome::Later { delivery: Delivery::Unknown, not_before: None }
}

/// What it means that there is no answer.
pub(crate) fn of_failure(failure: &Failure) -> Outcome {
    let later = |delivery| Outcome::Later { delivery, not_before: None };
    match failure.code {
        ReasonCode::AddressDenied | ReasonCode::BadUrl => Outcome::Never,
        // Before these nothing is sent.
        ReasonCode::Dns | ReasonCode::Connect | ReasonCode::Tls => later(Delivery::Refused),
        _ => later(Delivery::Unknown),
    }
}

impl Outcome {
    /// What becomes of a notification that is worth sending until `last` and was tried for the `attempt`th time; `dice` is
    /// between 0 and 1.
    pub(crate) fn next(self, last: DateTime<Utc>, attempt: u32, now: DateTime<Utc>, dice: f64) -> Next {
        let (delivery, not_before) = match self {
            Self::Taken => return Next::Sent,
            Self::Never => return Next::Broken,
            Self::Later { delivery, not_before } => (delivery, not_before),
        };
        if now >= last || has(Bug::NoSecondTry) {
            return Next::TooLate;
        }
        let wait = not_before.map_or_else(|| back_off(attempt, dice), |at| (at - now).min(LONGEST_WISH));
        // The last try is at the very end, so that the whole of the time is used.
        Next::Retry { delivery, at: (now + wait.max(SHORTEST)).min(last) }
    }
}

/// Full jitter: anything up to the bound, so that those which failed together do not come back together.
fn back_off(attempt: u32, dice: f64) -> TimeDelta {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    let wait = doubled.min(LONGEST).mul_f64(dice.clamp(0.0, 1.0));
    TimeDelta::from_std(wait).unwrap_or(SHORTEST)
}

/// RFC 9110, section 10.2.3: seconds, or a date in the form that senders must use (IMF-fixdate).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(now + TimeDelta::seconds(seconds.into()));
    }
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests;
