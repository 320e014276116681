//! What becomes of the slots that have come: one runs, or they are a gap. Pure, so that I1 (every slot is one run or
//! lies in exactly one gap) and I12 (the next slot never moves back) can be tested against an oracle.
//!
//! | slots that have come | `catch_up: latest` | `catch_up: skip` |
//! |---|---|---|
//! | one | it runs | it runs |
//! | several: nobody was there to run the earlier ones | the latest runs, the others are a gap | all are a gap |
//!
//! A slot whose run could not start in time any more does not run; it belongs to the gap.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{document::CatchUp, schedule::Schedule};

/// What of a monitor decides.
#[derive(Debug, Clone)]
pub(crate) struct Rules<'m> {
    /// When it is due.
    pub(crate) schedule: &'m Schedule,
    /// From where its intervals count.
    pub(crate) anchor: DateTime<Utc>,
    /// What it wants after an outage.
    pub(crate) catch_up: CatchUp,
    /// A run must start before its slot plus this.
    pub(crate) max_lateness: Duration,
}

/// What becomes of every slot up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The slot that runs.
    pub(crate) run: Option<DateTime<Utc>>,
    /// The slots before it, or all of them.
    pub(crate) gap: Option<Range>,
    /// The first slot that has not come yet; none once the calendar ends.
    pub(crate) next: Option<DateTime<Utc>>,
}

/// Slots without runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// The first slot.
    pub(crate) first: DateTime<Utc>,
    /// The last slot, which may be the first.
    pub(crate) last: DateTime<Utc>,
    /// How many there are, counted up to [`COUNTED`].
    pub(crate) slots: u64,
}

/// A cron expression is walked to count its slots: enough for a week of minutes, and a bound for a year of seconds.
pub(crate) const COUNTED: u64 = 11_000;

/// Settles the slots from `first` up to `now`. When even `first` has not come, there is nothing to settle.
pub(crate) fn settle(rules: &Rules<'_>, first: DateTime<Utc>, now: DateTime<Utc>) -> Settled {
    if first > now {
        return Settled { run: None, gap: None, next: Some(first) };
    }
    let next = rules.schedule.next_after(rules.anchor, now);
    let latest = latest_by(rules, now).map_or(first, |latest| latest.max(first));
    let outage = latest > first;
    let runs = startable(rules, latest, now) && (!outage || rules.catch_up == CatchUp::Latest);
    let (run, last_lost) = match (runs, outage) {
        (true, false) => (Some(latest), None),
        (true, true) => (Some(latest), latest_by(rules, latest - TimeDelta::milliseconds(1))),
        (false, _) => (None, Some(latest)),
    };
    Settled { run, gap: last_lost.map(|last| range(rules, first, last)), next }
}

fn latest_by(rules: &Rules<'_>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    rules.schedule.previous(rules.anchor, at)
}

/// As the claim has it (I13).
fn startable(rules: &Rules<'_>, slot: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - slot).to_std().is_ok_and(|late| late < rules.max_lateness)
}

fn range(rules: &Rules<'_>, first: DateTime<Utc>, last: DateTime<Utc>) -> Range {
    let others = rules.schedule.slots_between(rules.anchor, first, last, COUNTED - 1);
    Range { first, last, slots: others + 1 }
}

#[cfg(test)]
mod tests;
