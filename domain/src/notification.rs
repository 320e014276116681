//! One incident event to one channel: its state as a row, and what it says.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    document::{AlertSeverity, Slug},
    id::{IncidentId, NotificationId, RunId},
    incident::{Flapping, IncidentLevel, SharedCause},
    outcome::{Reason, words},
    result::{AssertionOutcome, AssertionResult, RunResult},
};

words! {
    /// What happened to the incident.
    NotificationKind {
        /// It began.
        Opened = "opened",
        /// It was degraded, and is down.
        Worsened = "worsened",
        /// It goes on.
        Reminded = "reminded",
        /// Somebody said that they know.
        Acknowledged = "acknowledged",
        /// It is over.
        Resolved = "resolved",
    }
}

words! {
    /// Where a notification stands.
    NotificationState {
        /// To be sent at `next_attempt_at`.
        Pending = "pending",
        /// A notifier owns it.
        Sending = "sending",
        /// The receiver took it.
        Sent = "sent",
        /// Given up: see the last answer.
        Dead = "dead",
        /// Never sent and no longer true: its incident was resolved first.
        Suppressed = "suppressed",
    }
}

/// What a notification is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An incident.
    #[default]
    Incident,
    /// Nothing: somebody tries a channel out.
    Test,
    /// Another channel, whose receiver refuses us. `opened` until something gets through again: `resolved`.
    BrokenChannel {
        /// Which.
        channel: Slug,
        /// What its receiver answered.
        why: String,
        /// What it was to say, in a sentence.
        untold: String,
    },
}

impl Subject {
    /// Whether it is about an incident, which takes its notifications along when it goes.
    #[must_use]
    pub fn is_incident(&self) -> bool {
        *self == Self::Incident
    }
}

/// What a notification says, as a snapshot: rendering needs nothing else. Holds no secret value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// What it is about.
    #[serde(default, skip_serializing_if = "Subject::is_incident")]
    pub subject: Subject,
    /// Of which incident. When it is about something else: what holds its messages together.
    pub incident: IncidentId,
    /// What happened to it.
    pub kind: NotificationKind,
    /// Of the rule that tells.
    pub severity: AlertSeverity,
    /// How bad the target is, or was at the worst.
    #[serde(default = "down")]
    pub level: IncidentLevel,
    /// Set when it goes up and down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
    /// The shared set-up that is to blame, when one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<SharedCause>,
    /// Whose.
    pub monitor: Slug,
    /// Of which collection.
    pub collection: Slug,
    /// The collection's name for people.
    pub collection_name: String,
    /// Where the run executed.
    pub location: Slug,
    /// When the incident began.
    pub opened_at: DateTime<Utc>,
    /// When this happened.
    pub occurred_at: DateTime<Utc>,
    /// The run that brought it about.
    pub run: RunId,
    /// Why that run did not pass.
    pub reason: Option<Reason>,
    /// The failing step, counted from 1, and its name.
    pub step: Option<(u32, String)>,
    /// The first assertion that did not hold: expected and actual.
    pub assertion: Option<AssertionResult>,
}

/// Notices from before there were levels told of incidents that were down.
const fn down() -> IncidentLevel {
    IncidentLevel::Down
}

/// How long a notification is worth sending: a late page is better than none, up to here.
pub const WORTH: TimeDelta = TimeDelta::hours(24);

/// One try at a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryAttempt {
    /// Counted from 1.
    pub attempt: u32,
    /// When a notifier took it.
    pub began_at: DateTime<Utc>,
    /// Null while it goes on, and for ever when its notifier went away: then it may have arrived.
    pub ended_at: Option<DateTime<Utc>>,
    /// Of HTTP or SMTP; null when there was no answer.
    pub status: Option<u16>,
    /// What it came to, redacted and capped.
    pub answer: Option<String>,
}

/// A notification as its row has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Of which incident.
    pub incident: IncidentId,
    /// To whom.
    pub channel: Slug,
    /// What happened.
    pub kind: NotificationKind,
    /// Order within (incident, channel), from 0.
    pub sequence: u32,
    /// Where it stands.
    pub state: NotificationState,
    /// How often it was tried.
    pub attempt: u32,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the receiver took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// What the last try came to, redacted and capped.
    pub last_answer: Option<String>,
    /// When the event happened.
    pub created_at: DateTime<Utc>,
    /// When it is given up.
    pub worth_until: DateTime<Utc>,
    /// What it says.
    pub notice: Notice,
}

/// Where a run went wrong: the step that its reason names, counted from 1, and that step's first assertion that did
/// not hold.
#[must_use]
pub fn evidence(result: &RunResult) -> (Option<(u32, String)>, Option<AssertionResult>) {
    let Some((reason, id)) =
        result.reason.as_ref().and_then(|reason| Some((reason, reason.step.as_deref()?)))
    else {
        return (None, None);
    };
    let Some((number, step)) = (1..).zip(result.steps_of(reason)).find(|(_, step)| step.id == id) else {
        return (None, None);
    };
    let assertions = step.attempts.last().map(|attempt| attempt.assertions.as_slice()).unwrap_or_default();
    let broken = assertions.iter().find(|assertion| assertion.outcome != AssertionOutcome::Passed);
    (Some((number, step.name.clone())), broken.cloned())
}
