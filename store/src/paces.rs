//! How fast receivers are written to, by all notifiers together: whoever wants to send is given a turn. Turns are rows, so
//! a fleet of notifiers keeps one pace, and one that has to wait waits in its row, not in a notifier.
//!
//! In any period there are at most so many turns: the one after those of a full period comes when the first of them is a
//! period old. A turn that was given and not used is lost. One that is used late, after an outage for instance, counts from
//! then: whoever comes with a turn is counted once more, in a row of its own.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::{
    Conn, Result,
    conn::{load_locked, with},
    schema::paces,
    types::{Doc, Moment},
};

/// What a receiver takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// What it counts by. A digest where that is secret.
    pub key: String,
    /// How many messages…
    pub count: usize,
    /// …in any such time.
    pub period: Duration,
}

/// The latest turns, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Turns(Vec<i64>);

/// Gives a turn: now, or when there is one.
pub async fn give(conn: &mut Conn, pace: &Pace, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let mut turns = lock(conn, &pace.key, now).await?;
    let at = turns.next(pace, now);
    keep(conn, &pace.key, turns, at).await?;
    Ok(at)
}

/// Uses a turn that has come: `None`. Or answers when there is room, if others have used theirs so late that there is none now.
pub async fn take(conn: &mut Conn, pace: &Pace) -> Result<Option<DateTime<Utc>>> {
    let key = format!("{} used", pace.key);
    let asked = crate::now(conn).await?;
    let mut used = lock(conn, &key, asked).await?;
    // It may have been waited for the lock.
    let now = crate::now(conn).await?;
    let at = used.next(pace, now);
    if at > now {
        return Ok(Some(at));
    }
    keep(conn, &key, used, at).await?;
    Ok(None)
}

/// The turns of a key, which nobody else changes before the transaction ends.
async fn lock(conn: &mut Conn, key: &str, now: DateTime<Utc>) -> Result<Turns> {
    let new = (paces::key.eq(key), paces::turns.eq(Doc(Turns::default())), paces::last_at.eq(Moment(now)));
    with!(conn, |c| diesel::insert_into(paces::table).values(new).on_conflict_do_nothing().execute(c))?;
    let rows: Vec<Doc<Turns>> = load_locked!(conn, paces::table.find(key).select(paces::turns))?;
    Ok(rows.into_iter().next().map(|row| row.0).unwrap_or_default())
}

async fn keep(conn: &mut Conn, key: &str, turns: Turns, last: DateTime<Utc>) -> Result<()> {
    let kept = (paces::turns.eq(Doc(turns)), paces::last_at.eq(Moment(last)));
    with!(conn, |c| diesel::update(paces::table.find(key)).set(kept).execute(c))?;
    Ok(())
}

/// Forgets paces that nobody has needed since.
pub(crate) async fn prune(conn: &mut Conn, before: DateTime<Utc>) -> Result<()> {
    let old = paces::table.filter(paces::last_at.lt(Moment(before)));
    with!(conn, |c| diesel::delete(old).execute(c))?;
    Ok(())
}

impl Turns {
    fn next(&mut self, pace: &Pace, now: DateTime<Utc>) -> DateTime<Utc> {
        let count = pace.count.max(1);
        let full =
            self.0.len().checked_sub(count).and_then(|first| DateTime::from_timestamp_micros(self.0[first]));
        let period = TimeDelta::from_std(pace.period).unwrap_or(TimeDelta::MAX);
        let last = self.0.last().copied().and_then(DateTime::from_timestamp_micros);
        // Never before one that was given already, so that the list stays in order.
        let free = full.and_then(|first| first.checked_add_signed(period));
        let at = [free, last].into_iter().flatten().fold(now, DateTime::max);
        self.0.push(at.timestamp_micros());
        let surplus = self.0.len().saturating_sub(count);
        self.0.drain(..surplus);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(count: usize, wishes: &[i64]) -> Vec<i64> {
        let pace = Pace { key: String::new(), count, period: Duration::from_secs(60) };
        let (mut turns, start) = (Turns::default(), DateTime::UNIX_EPOCH);
        let seconds = |at: DateTime<Utc>| (at - start).num_seconds();
        wishes.iter().map(|wish| seconds(turns.next(&pace, start + TimeDelta::seconds(*wish)))).collect()
    }

    #[test]
    fn what_fits_goes_at_once_and_the_rest_when_there_is_room() {
        assert_eq!(turns(3, &[0, 0, 10, 10, 10, 10, 10]), [0, 0, 10, 60, 60, 70, 120]);
    }

    #[test]
    fn who_was_quiet_for_a_period_begins_anew() {
        assert_eq!(turns(2, &[0, 0, 100, 100, 100]), [0, 0, 100, 100, 160]);
    }

    #[test]
    fn no_period_has_more_than_its_count() {
        let given = turns(100, &vec![0; 5000]);
        for (first, at) in given.iter().zip(given.iter().skip(100)) {
            assert!(at - first >= 60);
        }
        assert_eq!(*given.last().unwrap(), 49 * 60);
    }
}
