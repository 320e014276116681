//! Runs: one row per execution, from its slot to its outcome.
//!
//! | from | to | by |
//! |---|---|---|
//! | nothing | queued | [`insert`] |
//! | nothing | finished(skipped, missed) | [`insert`] with an `end` |
//! | queued | running, attempt + 1 | [`claim`] |
//! | queued | finished(missed, or inconclusive when it had begun) | [`expire`] |
//! | queued, cleaning | finished(inconclusive) | [`expire`] |
//! | queued, running | finished(missed, or inconclusive when it had begun), a day after it was due | [`end_stragglers`] |
//! | queued | finished(cancelled) | [`cancel`] |
//! | running | finished | [`finish`], [`end_inconclusive`]; of that attempt only |
//! | running | queued | [`hand_back`], [`requeue`]; of that attempt or owner only |
//! | running | queued, cleaning | [`hand_back_for_cleaning`], [`requeue_for_cleaning`]; the same |
//!
//! Nothing leads out of finished: a trigger in the database refuses it.
//!
//! # Partitions
//!
//! PostgreSQL keeps a partition per day of `due_at`, and a statement locks every partition that it cannot rule out, with
//! all its indexes. So each statement of the loops says what days it is about: by ids, which hold `due_at`, or by how far
//! back unfinished runs are looked for, which is [`HORIZON`]. What an outage left beyond it is [`end_stragglers`]'s.
//!
//! # Locks
//!
//! On PostgreSQL nothing here ends in a deadlock, because everybody takes locks in one order: monitors; then runs by
//! (`due_at`, `id`), which is the order of ids; then [`crate::health`] by its key; then incidents and notifications.
//!
//! | who | locks | waits |
//! |---|---|---|
//! | tick | monitors | never: passes over what is locked; its runs are new |
//! | relay ([`wake`], [`wake_again`]), [`claim`], [`expire`] | queued runs | never: pass over what is locked |
//! | [`end_stragglers`] | unfinished runs | never: passes over what is locked |
//! | recorder ([`finish`]) | runs of its worker in order, then health in order, incidents | yes |
//! | [`mark_all_unsafe`], [`hand_back`] | runs of one worker in order | yes |
//! | reaper | orphans one by one in order, notifications | for runs; passes over locked notifications |
//! | [`cancel`] | one run | yes |
//! | saving, deleting a monitor | the monitor, then its health in order, incidents | yes |
//! | retention | what is over | never: passes over what is locked |
//!
//! A deadlock all the same would be tried again by [`crate::Store::write`].

mod cleaning;
mod ending;
mod holding;
mod inserting;
mod listing;
mod owning;
mod row;
mod waking;

use chrono::{DateTime, TimeDelta, Utc};
pub use cleaning::{hand_back_for_cleaning, requeue_for_cleaning};
use diesel::{dsl::Gt, expression_methods::ExpressionMethods};
use domain::planted::{self, Bug};

pub use ending::{Cancelled, Finished, cancel, end_inconclusive, end_stragglers, expire, finish};
pub use holding::Held;
pub use inserting::{End, NewRun, insert};
pub(crate) use listing::confirmations;
pub use listing::{Filter, any_unfinished, get, latest, list};
pub use owning::{
    cancel_requested, claim, hand_back, mark_all_unsafe, mark_unsafe, of_dead_workers, owned_since, requeue,
    still_waiting,
};
pub use waking::{next_wake, wake, wake_again};

use crate::{schema, types::Moment};

/// How long after its slot a run is looked for. It takes minutes from there to its end, at most an hour with everything
/// that a user can ask for.
pub const HORIZON: TimeDelta = TimeDelta::days(1);

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

/// Runs within the horizon.
pub(crate) fn recent(now: DateTime<Utc>) -> Gt<schema::runs::due_at, Moment> {
    schema::runs::due_at.gt(Moment(now - HORIZON))
}

/// A run has to start before this instant of its own, `start_by`: at it, it is too late.
fn latest_start(now: DateTime<Utc>) -> Moment {
    Moment(if planted::has(Bug::StartTooLate) { DateTime::UNIX_EPOCH } else { now })
}
