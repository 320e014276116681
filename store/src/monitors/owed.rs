//! Slots that had come when somebody changed their monitor, and that no scheduler had seen: after the change none will.
//! They are a gap, so that every slot that was due is somewhere (I1).

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::{run::MonitorRef, schedule::Schedule};

use super::{SavedMonitor, due::collections_of};
use crate::{
    Conn, Error, Result,
    gaps::{self, Gap},
    types::Key,
};

/// Counted up to this, as the scheduler does: a cron expression is walked.
const COUNTED: u64 = 11_000;

/// Records what of the old monitor had come before `now`. To be called before its links are changed.
pub(super) async fn record(conn: &mut Conn, old: &SavedMonitor, now: DateTime<Utc>) -> Result<()> {
    let just_before =
        now.duration_trunc(TimeDelta::milliseconds(1)).map_err(Error::corrupt)? - TimeDelta::milliseconds(1);
    let Some(first) = old.next_slot_at.filter(|first| *first <= just_before) else { return Ok(()) };
    // One that cannot be read any more has no slots that could be told.
    let Ok(schedule) = Schedule::compile(&old.document.schedule) else { return Ok(()) };
    let last = schedule.previous(old.anchor, just_before).map_or(first, |last| last.max(first));
    let slots = schedule.slots_between(old.anchor, first, last, COUNTED - 1) + 1;
    let collections = collections_of(conn, &[Key(old.id)]).await?.remove(&old.id).unwrap_or_default();
    let monitor = MonitorRef { id: old.id, slug: old.document.id.clone() };
    let mut owed = Vec::new();
    for collection in collections {
        owed.extend(old.document.locations.iter().map(|location| Gap {
            monitor: monitor.clone(),
            collection: collection.id,
            location: location.clone(),
            first_slot_at: first,
            last_slot_at: last,
            slots,
        }));
    }
    gaps::insert(conn, &owed, now).await
}
