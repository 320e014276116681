//! What the incident machine is told, and what it answers: facts for rows. It decides nothing.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::IncidentLevel;
use crate::{
    document::{AlertSeverity, Slug},
    id::{IncidentId, RunId},
    notification::NotificationKind,
    outcome::Outcome,
};

/// What one finished run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation<'k> {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// When it finished.
    pub at: DateTime<Utc>,
    /// When it was due: the order of runs.
    pub due_at: DateTime<Utc>,
    /// Whether it fell into a maintenance window.
    pub in_maintenance: bool,
    /// Whether its monitor is muted now: nothing begins to be told.
    pub muted: bool,
    /// Channels that know of the cause of the failure by another incident: they do not begin to be told of this one.
    pub known_to: &'k [Slug],
    /// Whether it was the second look at a failure (`trigger: confirm`).
    pub confirms: bool,
    /// Whether the whole flow may be run once more, just to be sure: what rules without a `confirm` of their own go by.
    pub repeatable: bool,
}

/// Ids for what an observation may bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// Of the incident, if one opens.
    pub incident: IncidentId,
    /// Of the confirmation, if one is wanted.
    pub run: RunId,
}

impl Fresh {
    /// Made at an instant; the run is due then.
    #[must_use]
    pub fn random(now: DateTime<Utc>) -> Self {
        Self { incident: IncidentId::random(now), run: RunId::random(now) }
    }
}

/// What must be written, in this order and in the transaction that keeps the tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A second look before anybody is told: a run of its own, elsewhere if possible.
    Confirm {
        /// Its id, fresh.
        run: RunId,
        /// The run that is to be confirmed.
        of: RunId,
    },
    /// An incident begins.
    Open {
        /// Its id, fresh.
        incident: IncidentId,
        /// The worst of the rules that were met.
        severity: AlertSeverity,
        /// How bad the target is.
        level: IncidentLevel,
        /// The run that was one too many, or the one that confirmed it.
        run: RunId,
        /// When that run finished.
        at: DateTime<Utc>,
    },
    /// It got worse: another rule, or down where it was degraded.
    Raise {
        /// Which.
        incident: IncidentId,
        /// The worst of the rules that were met.
        severity: AlertSeverity,
        /// How bad the target is.
        level: IncidentLevel,
    },
    /// Somebody knows.
    Acknowledge {
        /// Which.
        incident: IncidentId,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Nobody is told anything before then, but that it is over.
    Snooze {
        /// Which.
        incident: IncidentId,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// It is over.
    Resolve {
        /// Which.
        incident: IncidentId,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// One notification.
    Tell(Tell),
}

/// One incident event for one channel: the facts of a notification row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tell {
    /// Of which incident.
    pub incident: IncidentId,
    /// Whom.
    pub channel: Slug,
    /// What.
    pub kind: NotificationKind,
    /// Its place in what this channel is told about this incident, from 0.
    pub sequence: u32,
    /// Of the rule that told the channel first.
    pub severity: AlertSeverity,
    /// How bad the target is.
    pub level: IncidentLevel,
    /// Set while it goes up and down.
    pub flapping: Option<Flapping>,
}

/// A target that goes up and down is one incident until it has been up for a while: one message when that is seen, and
/// one when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flapping {
    /// When the first of the incidents opened that made it so.
    pub since: DateTime<Utc>,
    /// How many of them there were, this one included.
    pub incidents: u32,
    /// How often it was up and went down again since.
    pub relapses: u32,
}
