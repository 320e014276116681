//! Forgetting what is old, in batches so that no transaction is long.

use chrono::{DateTime, Utc};

use crate::{Conn, Result};

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Finished runs, with their results.
    pub runs: usize,
    /// Resolved incidents, with their notifications.
    pub incidents: usize,
    /// Gaps.
    pub gaps: usize,
    /// Workers that died.
    pub workers: usize,
    /// Versions of deleted collections that no run is pinned to.
    pub versions: usize,
}

impl Pruned {
    /// Of everything together; 0 when there is nothing more to do.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.runs + self.incidents + self.gaps + self.workers + self.versions
    }
}

/// Deletes up to `limit` rows of each kind that were over before `older_than`. Call it again until nothing went.
pub async fn prune(conn: &mut Conn, older_than: DateTime<Utc>, limit: u32) -> Result<Pruned> {
    todo!()
}
