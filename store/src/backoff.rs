//! When a message that may have got lost is published again.

use chrono::{DateTime, TimeDelta, Utc};
use domain::planted::{Bug, has};

/// After the first publish 10 s, doubled each time.
const FIRST: TimeDelta = TimeDelta::seconds(10);
const LAST: TimeDelta = TimeDelta::seconds(60);

/// The next wake-up of a row that has been woken `wakes` times before.
pub(crate) fn next_wake(now: DateTime<Utc>, wakes: i32) -> DateTime<Utc> {
    if has(Bug::NoSecondWake) {
        return now + TimeDelta::days(1);
    }
    let doublings = wakes.clamp(0, 8);
    now + (FIRST * (1 << doublings)).min(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let now = DateTime::UNIX_EPOCH;
        let waits: Vec<_> =
            [0, 1, 2, 3, i32::MAX].map(|wakes| (next_wake(now, wakes) - now).num_seconds()).into();
        assert_eq!(waits, [10, 20, 40, 60, 60]);
    }
}
