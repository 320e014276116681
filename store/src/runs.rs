//! Runs: one row per execution, from its slot to its outcome.
//!
//! | from | to | by |
//! |---|---|---|
//! | nothing | queued | [`insert`] |
//! | nothing | finished(skipped, missed) | [`insert`] with an `end` |
//! | queued | running, attempt + 1 | [`claim`] |
//! | queued | finished(missed) | [`expire`] |
//! | queued, cleaning | finished(inconclusive) | [`expire`] |
//! | queued | finished(cancelled) | [`cancel`] |
//! | running | finished | [`finish`], [`end_inconclusive`]; of that attempt only |
//! | running | queued | [`hand_back`], [`requeue`]; of that attempt or owner only |
//! | running | queued, cleaning | [`hand_back_for_cleaning`], [`requeue_for_cleaning`]; the same |
//!
//! Nothing leads out of finished: a trigger in the database refuses it.

mod cleaning;
mod ending;
mod inserting;
mod listing;
mod owning;
mod row;
mod waking;

pub use cleaning::{hand_back_for_cleaning, requeue_for_cleaning};
pub use ending::{Cancelled, Finished, cancel, end_inconclusive, expire, finish};
pub use inserting::{End, NewRun, insert};
pub use listing::{Filter, any_unfinished, get, latest, list};
pub use owning::{cancel_requested, claim, hand_back, mark_unsafe, of_dead_workers, owned_since, requeue};
pub use waking::{wake, wake_again};

/// Runs by their ids. The bounds on `due_at`, which is in every id, tell PostgreSQL which partitions to look into.
macro_rules! keys {
    ($ids:expr) => {{
        let ids = &$ids;
        let due = || ids.iter().map(|id: &domain::id::RunId| id.due_at());
        let first = $crate::types::Moment(due().min().unwrap_or_default());
        let last = $crate::types::Moment(due().max().unwrap_or_default());
        let ids: Vec<_> = ids.iter().copied().map($crate::types::Key).collect();
        $crate::schema::runs::id.eq_any(ids).and($crate::schema::runs::due_at.between(first, last))
    }};
}

use keys;
