//! The row of a set-up, and what it says to whoever asks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason},
    set_up::{Ask, Belief, Failed, Failures, Fetch, Kept, Next, Standing},
};
use serde::{Deserialize, Serialize};

use super::{Look, Place, Sealed, sealing_place};
use crate::{
    Conn, Error, Result,
    conn::with,
    schema::{set_ups, workers},
    types::{Doc, Key, Moment},
};

/// Why a fetch failed, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) outcome: Outcome,
    pub(super) reason: Reason,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = set_ups)]
pub(super) struct Row {
    version: i32,
    environment_at: Option<Moment>,
    pub(super) generation: i32,
    sealed: Option<Vec<u8>>,
    fetched_at: Option<Moment>,
    fetched_by: Option<Key<RunId>>,
    failures: i32,
    failure: Option<Doc<Failure>>,
    failed_at: Option<Moment>,
    failed_by: Option<Key<RunId>>,
    fetching_by: Option<Key<WorkerId>>,
    fetching_until: Option<Moment>,
}

impl Row {
    /// Whether it is of what is there now, or of what whoever asks has yet to hear of.
    pub(super) fn is_current(&self, place: &Place) -> bool {
        let version = self.version.cast_unsigned();
        version >= place.version && self.environment_at.map(|at| at.0) >= place.environment_at
    }

    pub(super) fn is_claimed(&self, worker: WorkerId, until: DateTime<Utc>) -> bool {
        (self.fetching_by, self.fetching_until) == (Some(Key(worker)), Some(Moment(until)))
    }

    fn standing(&self, is_current: bool, fetching_until: Option<DateTime<Utc>>) -> Standing {
        let generation = self.generation.cast_unsigned();
        let kept = self.fetched_at.map(|Moment(fetched_at)| Kept { generation, fetched_at });
        let failures = self.failures.cast_unsigned();
        let failures = self.failed_at.map(|Moment(at)| Failures { count: failures, at });
        if is_current {
            Standing { kept, failures, fetching_until }
        } else {
            // A fetch of what was there before is waited for, so that there are no two at a time.
            Standing { fetching_until, ..Standing::default() }
        }
    }
}

/// A fetch counts while its worker lives.
async fn fetching_until(conn: &mut Conn, row: &Row, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let (Some(worker), Some(Moment(until))) = (row.fetching_by, row.fetching_until) else { return Ok(None) };
    let alive = workers::table.find(worker).filter(workers::alive_until.gt(Moment(now)));
    let alive: Option<Key<WorkerId>> = with!(conn, |c| alive.select(workers::id).first(c)).optional()?;
    Ok(alive.map(|_| until))
}

/// What the rule says of it.
pub(super) async fn judge(
    conn: &mut Conn,
    row: Row,
    place: &Place,
    ask: &Ask,
    belief: Belief,
    now: DateTime<Utc>,
) -> Result<Look> {
    let until = fetching_until(conn, &row, now).await?;
    let standing = row.standing(row.is_current(place), until);
    Ok(match standing.next(ask, belief, now) {
        Next::Take => Look::Take(sealed(row, place)?),
        Next::Fail => Look::Failed(failed(row)?),
        Next::Wait => Look::Wait,
        Next::Fetch => Look::Free,
    })
}

fn sealed(row: Row, place: &Place) -> Result<Sealed> {
    let (Some(bytes), Some(Moment(at)), Some(Key(by))) = (row.sealed, row.fetched_at, row.fetched_by) else {
        return Err(Error::corrupt("a set-up without its captures"));
    };
    let generation = row.generation.cast_unsigned();
    let fetch = Fetch { by, at, steps: Vec::new() };
    Ok(Sealed { bytes, place: sealing_place(place, generation), generation, fetch })
}

fn failed(row: Row) -> Result<Failed> {
    let (Some(Doc(failure)), Some(Moment(at))) = (row.failure, row.failed_at) else {
        return Err(Error::corrupt("a set-up that failed for no reason"));
    };
    let fetch = row.failed_by.map(|Key(by)| Box::new(Fetch { by, at, steps: Vec::new() }));
    Ok(Failed { outcome: failure.outcome, reason: failure.reason, fetch })
}
