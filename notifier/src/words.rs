//! The sentences that all channels share, and how texts are cut to fit.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    id::RunId,
    incident::{Flapping, IncidentLevel},
    notification::{Notice, NotificationKind},
    result::AssertionResult,
};

/// What happened, in one sentence: what broke, at which step, what was expected and what was there; of a recovery, what
/// recovered and how long it was down.
pub(crate) fn summary(notice: &Notice) -> String {
    let name = one_line(&notice.collection_name);
    let (trouble, down) = (trouble(notice), lasting(down_for(notice)));
    let headline = match notice.kind {
        NotificationKind::Opened => match notice.flapping {
            Some(flapping) => format!("{name} goes up and down, {}: {trouble}", times(flapping)),
            None => format!("{name} is {trouble}"),
        },
        NotificationKind::Worsened => format!("{name} was degraded and is {trouble}"),
        NotificationKind::Reminded => format!("{name} is still {trouble} after {down}"),
        NotificationKind::Acknowledged => format!("Somebody is on it: {name} is {trouble}"),
        NotificationKind::Resolved => {
            let relapses =
                notice.flapping.map(|flapping| format!(" of going up and down, {}", times(flapping)));
            return format!("{name} has recovered after {down}{}", relapses.unwrap_or_default());
        }
    };
    headline + &evidence(notice)
}

/// A rule for degraded runs opens incidents in which nothing fails.
const fn trouble(notice: &Notice) -> &'static str {
    match notice.level {
        IncidentLevel::Degraded => "degraded",
        IncidentLevel::Down => "failing",
    }
}

/// `down 5 times since 12:03 UTC`.
fn times(flapping: Flapping) -> String {
    let times = flapping.incidents + flapping.relapses;
    format!("down {times} times since {} UTC", flapping.since.format("%H:%M"))
}

/// ` at step 3 Pay: expected body.status equals "captured", found "pending_review"`, as far as it is known.
fn evidence(notice: &Notice) -> String {
    let mut text = step(notice).map(|step| format!(" at step {step}")).unwrap_or_default();
    if let Some(reason) = &notice.reason {
        let _ = write!(text, ": {}", one_line(&reason.message)); // writing to a String cannot fail
    }
    text
}

/// `3 Pay`.
pub(crate) fn step(notice: &Notice) -> Option<String> {
    notice.step.as_ref().map(|(number, name)| format!("{number} {}", one_line(name)))
}

/// `body.status equals "captured"`.
pub(crate) fn expected(assertion: &AssertionResult) -> String {
    let comparison = assertion.comparison.replace('_', " ");
    format!("{} {comparison} {}", assertion.source, assertion.expected)
}

/// `"pending_review"`, or why there is nothing to show.
pub(crate) fn found(assertion: &AssertionResult) -> String {
    match (&assertion.actual, &assertion.message) {
        (Some(actual), _) => actual.to_string(),
        (None, Some(message)) => message.clone(),
        (None, None) => "nothing there".to_owned(),
    }
}

/// Since the incident began. A clock that was set back does not make it negative.
pub(crate) fn down_for(notice: &Notice) -> TimeDelta {
    (notice.occurred_at - notice.opened_at).max(TimeDelta::zero())
}

/// The two largest units: `45 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn lasting(time: TimeDelta) -> String {
    let [days, hours, minutes] = [time.num_days(), time.num_hours() % 24, time.num_minutes() % 60];
    let units = match (days, hours, minutes) {
        (0, 0, 0) => return format!("{} s", time.num_seconds()),
        (0, 0, _) => [(minutes, "min"), (0, "s")],
        (0, ..) => [(hours, "h"), (minutes, "min")],
        _ => [(days, "d"), (hours, "h")],
    };
    let shown = units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}"));
    shown.collect::<Vec<_>>().join(" ")
}

/// Where a run can be looked at.
pub(crate) fn run_link(public_url: &str, run: RunId) -> String {
    format!("{}/runs/{run}", public_url.trim_end_matches('/'))
}

/// RFC 3339, UTC, milliseconds.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control() || c.is_whitespace(), " ");
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// At most that many characters; what is cut ends in `…`.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    if text.chars().nth(characters).is_none() {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests;
