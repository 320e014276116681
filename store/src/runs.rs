//! Runs: one row per execution, from its slot to its outcome.
//!
//! | from | to | by |
//! |---|---|---|
//! | nothing | queued | [`insert`] |
//! | nothing | finished(skipped, missed) | [`insert`] with an `end` |
//! | queued | running, attempt + 1 | [`claim`] |
//! | queued | finished(missed) | [`expire`] |
//! | queued | finished(cancelled) | [`cancel`] |
//! | running | finished | [`finish`], [`end_inconclusive`]; of that attempt only |
//! | running | queued | [`hand_back`], [`requeue`]; of that attempt or owner only |
//!
//! Nothing leads out of finished: a trigger in the database refuses it.

mod ending;
mod inserting;
mod listing;
mod owning;
mod waking;

pub use ending::{Cancelled, Finished, cancel, end_inconclusive, expire, finish};
pub use inserting::{End, NewRun, insert};
pub use listing::{Filter, get, latest, list, unfinished_before};
pub use owning::{cancel_requested, claim, hand_back, mark_unsafe, of_dead_workers, requeue};
pub use waking::{wake, wake_again};
