//! The sentences that all channels share.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    document::AlertSeverity,
    incident::{Flapping, IncidentLevel},
    notification::{Notice, NotificationKind, Subject},
    result::AssertionResult,
};

/// What happened, in one sentence: what broke, at which step, what was expected and what was there; of a recovery, what
/// recovered and how long it was down.
pub(crate) fn summary(notice: &Notice) -> String {
    match &notice.subject {
        Subject::Incident => of_incident(notice),
        Subject::Test => format!("Test, nothing is wrong: {}", of_incident(notice)),
        Subject::BrokenChannel { channel, .. } if notice.kind == NotificationKind::Resolved => {
            format!("The channel {channel} works again after {}", lasting(down_for(notice)))
        }
        Subject::BrokenChannel { channel, why, untold } => {
            let (why, untold) = (one_line(why), one_line(untold));
            format!("The channel {channel} is broken: {why}. It was to say: {untold}")
        }
    }
}

fn of_incident(notice: &Notice) -> String {
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

/// What it is about, the same for all messages of an incident.
pub(crate) fn title(notice: &Notice) -> String {
    match &notice.subject {
        Subject::Incident => one_line(&notice.collection_name),
        Subject::Test => format!("Test: {}", one_line(&notice.collection_name)),
        Subject::BrokenChannel { channel, .. } => format!("The channel {channel}"),
    }
}

/// Where it stands, in a word or two.
pub(crate) fn status(notice: &Notice) -> &'static str {
    match (&notice.subject, notice.kind) {
        (Subject::BrokenChannel { .. }, NotificationKind::Resolved) => "works again",
        (Subject::BrokenChannel { .. }, _) => "broken",
        (_, NotificationKind::Resolved) => "recovered",
        (_, NotificationKind::Acknowledged) => "acknowledged",
        (_, NotificationKind::Reminded) if trouble(notice) == "degraded" => "still degraded",
        (_, NotificationKind::Reminded) => "still failing",
        (_, NotificationKind::Worsened) => "worse",
        (_, NotificationKind::Opened) if notice.flapping.is_some() => "goes up and down",
        (_, NotificationKind::Opened) => trouble(notice),
    }
}

/// One thing that a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: Value,
}

/// How it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// As a sentence or a name.
    Words(String),
    /// As it stood in a document or an answer.
    Code(String),
    /// In the reader's own time, where that can be.
    Instant(DateTime<Utc>),
}

/// What broke, since when, at which step, what was expected and what was found; of a recovery, how long it was down.
pub(crate) fn facts(notice: &Notice) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut say = |label, value| facts.push(Fact { label, value });
    let over = notice.kind == NotificationKind::Resolved;
    if let Subject::BrokenChannel { why, untold, .. } = &notice.subject {
        say("Since", Value::Instant(notice.opened_at));
        if !over {
            say("Its receiver said", Value::Code(one_line(why)));
            say("It was to say", Value::Words(one_line(untold)));
        }
        return facts;
    }
    if let Some(step) = step(notice) {
        say("Step", Value::Words(step));
    }
    match (&notice.assertion, &notice.reason) {
        (Some(broken), _) => {
            say("Expected", Value::Code(expected(broken)));
            say("Found", Value::Code(found(broken)));
        }
        (None, Some(reason)) => say("Why", Value::Words(one_line(&reason.message))),
        (None, None) => {}
    }
    say("Since", Value::Instant(notice.opened_at));
    if over {
        let label = if notice.flapping.is_some() { "Unsteady for" } else { "Down for" };
        say(label, Value::Words(lasting(down_for(notice))));
    }
    say("Monitor", Value::Words(notice.monitor.to_string()));
    say("Location", Value::Words(notice.location.to_string()));
    say("Severity", Value::Words(severity(notice).to_owned()));
    facts
}

/// The severity's word, as in documents.
pub(crate) const fn severity(notice: &Notice) -> &'static str {
    match notice.severity {
        AlertSeverity::Critical => "critical",
        AlertSeverity::Error => "error",
        AlertSeverity::Warning => "warning",
        AlertSeverity::Info => "info",
    }
}

/// `#rrggbb`: green when it is over, grey when somebody is on it, else by severity.
pub(crate) fn colour(notice: &Notice) -> &'static str {
    match (notice.kind, notice.severity) {
        (NotificationKind::Resolved, _) => "#2e7d32",
        (NotificationKind::Acknowledged, _) => "#5f6b7a",
        (_, AlertSeverity::Critical) => "#b3261e",
        (_, AlertSeverity::Error) => "#d1495b",
        (_, AlertSeverity::Warning) => "#b26a00",
        (_, AlertSeverity::Info) => "#1f6feb",
    }
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

/// Where people look: at the run, if there is one.
pub(crate) fn link(public_url: &str, notice: &Notice) -> String {
    let base = public_url.trim_end_matches('/');
    if notice.subject == Subject::Test { format!("{base}/") } else { format!("{base}/runs/{}", notice.run) }
}

/// What a link leads to.
pub(crate) fn link_text(notice: &Notice) -> &'static str {
    if notice.subject == Subject::Test { "Open Skopos" } else { "Open the run" }
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

#[cfg(test)]
mod tests;
