//! One execution of one collection: the facts that a row keeps, and (in `machine`) how it proceeds.

mod checkpoint;
pub mod inputs;
mod judge;
pub mod machine;
mod mask;
mod record;
mod scope;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use checkpoint::Checkpoint;

use chrono::{DateTime, Utc};

use crate::{
    document::Slug,
    id::{CollectionId, MonitorId, RunId, WorkerId},
    outcome::{Outcome, Reason, RunState, Trigger},
};

/// The collection of a run, pinned to the version that was current when the run was inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedCollection {
    /// Survives the collection.
    pub id: CollectionId,
    /// Kept in the run, so that history reads the same after the collection has gone.
    pub slug: Slug,
    /// Counted from 1.
    pub version: u32,
}

/// The monitor of a run, if one brought it into being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorRef {
    /// Survives the monitor.
    pub id: MonitorId,
    /// Kept in the run, so that history reads the same after the monitor has gone.
    pub slug: Slug,
}

/// A run as its row has it, without the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Made from `due_at`.
    pub id: RunId,
    /// What it executes.
    pub collection: PinnedCollection,
    /// Whose schedule or button it was.
    pub monitor: Option<MonitorRef>,
    /// Whose variables and secrets it sees.
    pub environment: Option<Slug>,
    /// Where it executes.
    pub location: Slug,
    /// What brought it into being.
    pub trigger: Trigger,
    /// Where it stands.
    pub state: RunState,
    /// Set when finished, never changed after.
    pub outcome: Option<Outcome>,
    /// Why, unless it passed.
    pub reason: Option<Reason>,
    /// How often it was claimed.
    pub attempt: u32,
    /// How many workers were lost while they executed it; being handed back is no loss.
    pub losses: u32,
    /// Who claimed it last.
    pub owner: Option<WorkerId>,
    /// The slot for scheduled runs, the request's instant for others.
    pub due_at: DateTime<Utc>,
    /// The slot; null unless scheduled.
    pub slot_at: Option<DateTime<Utc>>,
    /// It must start before `due_at` plus this.
    pub max_lateness: Duration,
    /// When it was claimed last.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached its outcome.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether an unsafe request was about to be sent in some attempt: the durable marker of the redelivery policy.
    pub unsafe_begun: bool,
    /// Whether only its clean-up is left to do: its worker was lost, or left it, after an unsafe request. It ends
    /// inconclusive, whatever comes of that.
    pub cleaning: bool,
    /// Whether its slot lies in a maintenance window.
    pub in_maintenance: bool,
}
