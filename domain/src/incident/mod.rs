//! A period in which a monitor's collection is down, and the machine that opens and resolves it: a pure fold over
//! the run history. Rows, messages to people and their wording are not here.

mod change;
mod history;
mod machine;
mod ongoing;
mod shared;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    change::{Change, Flapping, Fresh, Observation, Tell},
    machine::Tracker,
    shared::SharedCause,
};
use crate::{
    document::{AlertSeverity, Slug},
    id::{CollectionId, IncidentId, MonitorId, NoteId, RunId},
    outcome::{Reason, words},
};

words! {
    /// Where an incident stands.
    IncidentState {
        /// Down, and nobody has said that they know.
        Open = "open",
        /// Down, and somebody is at it.
        Acknowledged = "acknowledged",
        /// Over.
        Resolved = "resolved",
    }
}

words! {
    /// How bad the target is.
    IncidentLevel {
        /// It does what it should, slower or with warnings.
        Degraded = "degraded",
        /// It does not do what it should.
        Down = "down",
    }
}

/// While a monitor is muted nothing begins to be told; what a channel was told before, it is told the end of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mute {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; until somebody ends it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Mute {
    /// Whether it still holds.
    #[must_use]
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// What somebody wrote down about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// As whoever wrote it calls himself; nobody checks it.
    pub author: Option<String>,
    /// What.
    pub text: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// An incident as its row has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Also the deduplication key at receivers that have one.
    pub id: IncidentId,
    /// Whose.
    #[serde(skip)]
    #[schemars(skip)]
    pub monitor_id: Option<MonitorId>,
    /// Whose.
    pub monitor: Slug,
    /// Of which collection.
    #[serde(skip)]
    #[schemars(skip)]
    pub collection_id: Option<CollectionId>,
    /// Of which collection.
    pub collection: Slug,
    /// Where it stands.
    pub state: IncidentState,
    /// The worst severity of the rules that were met.
    pub severity: AlertSeverity,
    /// How bad the target was at the worst.
    pub level: IncidentLevel,
    /// The run that opened it.
    pub opened_by: RunId,
    /// Why that run failed.
    pub reason: Option<Reason>,
    /// The shared set-up that is to blame, as long as it is: `session-login@production`. Whoever was told of one
    /// incident of a cause is told of no other.
    pub cause: Option<SharedCause>,
    /// When the run that opened it finished.
    pub opened_at: DateTime<Utc>,
    /// When somebody said that they know.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Until when nothing of it is told, but that it is over.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests;
