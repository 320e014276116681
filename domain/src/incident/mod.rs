//! A period in which a monitor's collection is down, and the machine that opens and resolves it: a pure fold over
//! the run history. Rows, messages to people and their wording are not here.

mod history;
mod machine;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::machine::{Change, Observation, Tell, Tracker};
use crate::{
    document::{AlertSeverity, Slug},
    id::{CollectionId, IncidentId, MonitorId, RunId},
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
    /// The run that opened it.
    pub opened_by: RunId,
    /// Why that run failed.
    pub reason: Option<Reason>,
    /// When the run that opened it finished.
    pub opened_at: DateTime<Utc>,
    /// When somebody said that they know.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests;
