//! Cron on a wall clock that jumps.
//!
//! | the local time…     | hours are given (`0 2 * * *`)                  | hours are `*` or `*/n`           |
//! |---------------------|------------------------------------------------|----------------------------------|
//! | exists once         | then                                           | then                             |
//! | does not exist      | the first instant after the gap, once          | never                            |
//! | occurs twice        | its first occurrence                           | both: real time goes on          |
//!
//! Between two transitions the offset is constant and a match on the plain calendar is the answer, so the search
//! goes from transition to transition until a match comes before the next one.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// No clock has gone back by more than a day.
const LONGEST_FOLD: TimeDelta = TimeDelta::days(1);
/// Two transitions of one zone are further apart than this (Ramadan in Morocco: four weeks).
const PROBE: TimeDelta = TimeDelta::days(7);

/// The first instant at or after the whole second `from` that is a slot; `next` finds the first match at or after a
/// time on the plain calendar.
pub(super) fn first_from(
    zone: Tz,
    follows_real_time: bool,
    mut from: DateTime<Utc>,
    next: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<DateTime<Utc>> {
    loop {
        let offset = offset(zone, from);
        let wall = if follows_real_time {
            from.naive_utc().checked_add_signed(offset)?
        } else {
            first_reading(zone, from)?
        };
        // A time in the gap is earlier than the clock at its end, where it fires.
        let slot = next(wall)?.checked_sub_signed(offset)?.and_utc().max(from);
        match first_transition(zone, from, slot) {
            Some(transition) => from = transition,
            None => return Some(slot),
        }
    }
}

/// The earliest local time that is not over at `from`: what the clock shows, except that a gap is still to come at
/// its end, and that what the clock shows for the second time is over.
fn first_reading(zone: Tz, from: DateTime<Utc>) -> Option<NaiveDateTime> {
    let shown = from.naive_utc().checked_add_signed(offset(zone, from))?;
    let Some(transition) = first_transition(zone, from.checked_sub_signed(LONGEST_FOLD)?, from) else {
        return Some(shown);
    };
    let before = offset(zone, transition - TimeDelta::seconds(1));
    let reached = transition.naive_utc().checked_add_signed(before)?;
    Some(if from == transition { reached } else { shown.max(reached) })
}

/// The first instant in `(after, until]` at which the offset changes.
fn first_transition(zone: Tz, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let old = offset(zone, after);
    let mut same = after;
    while same < until {
        let mut changed = same.checked_add_signed(PROBE).map_or(until, |probe| probe.min(until));
        if offset(zone, changed) == old {
            same = changed;
            continue;
        }
        while changed - same > TimeDelta::seconds(1) {
            let middle = same + TimeDelta::seconds((changed - same).num_seconds() / 2);
            if offset(zone, middle) == old { same = middle } else { changed = middle }
        }
        return Some(changed);
    }
    None
}

/// What the zone's clocks add to UTC.
fn offset(zone: Tz, at: DateTime<Utc>) -> TimeDelta {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    TimeDelta::seconds(i64::from(offset.local_minus_utc()))
}
