//! Runs of which only the clean-up is left: queued for another worker, with a time to start of their own.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::{RunId, WorkerId},
    outcome::RunState,
};

use super::keys;
use crate::{
    Conn, Result,
    conn::with,
    schema::runs,
    types::{Key, Moment, Word, count},
};

/// A clean-up that does not start within this ends its run without it. Longer than outages of a broker or of all workers
/// last: what was ordered is better cancelled late than never.
const STARTS_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Queues a running run whose worker was lost for its clean-up only, if it is still that attempt's.
pub async fn requeue_for_cleaning(
    conn: &mut Conn,
    run: RunId,
    attempt: u32,
    now: DateTime<Utc>,
) -> Result<bool> {
    let own = runs::table
        .filter(keys!([run]))
        .filter(runs::state.eq(Word(RunState::Running)).and(runs::attempt.eq(count(attempt))));
    let queued = (queued(now), runs::losses.eq(runs::losses + 1));
    Ok(with!(conn, |c| diesel::update(own).set(queued).execute(c))? == 1)
}

/// The same by its owner, who goes away; that is no loss.
pub async fn hand_back_for_cleaning(
    conn: &mut Conn,
    worker: WorkerId,
    run: RunId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let own = runs::table
        .filter(keys!([run]))
        .filter(runs::state.eq(Word(RunState::Running)).and(runs::owner.eq(Key(worker))));
    Ok(with!(conn, |c| diesel::update(own).set(queued(now)).execute(c))? == 1)
}

#[derive(AsChangeset)]
#[diesel(table_name = runs)]
struct Queued {
    state: Word<RunState>,
    cleaning: bool,
    start_by: Moment,
    wake_at: Moment,
    wakes: i32,
}

fn queued(now: DateTime<Utc>) -> Queued {
    Queued {
        state: Word(RunState::Queued),
        cleaning: true,
        start_by: Moment(now + STARTS_WITHIN),
        wake_at: Moment(now),
        wakes: 0,
    }
}
