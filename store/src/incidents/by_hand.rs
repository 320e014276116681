//! What people do to an incident: the machine is asked, and what it says is written.

use chrono::{DateTime, Utc};
use domain::{
    id::IncidentId,
    incident::{Incident, IncidentState},
};

use super::telling::{apply, cause_by_hand};
use crate::{Conn, Result, health, incidents};

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// He knows, and is at it.
    Acknowledge,
    /// Nothing more of it before then, but that it is over.
    Snooze(DateTime<Utc>),
    /// It is over.
    Resolve,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Acted {
    /// As it is now. Asked a second time nothing more happens.
    Done(Incident),
    /// It was over already.
    Over(Incident),
}

/// Does it, in the transaction in which whoever was told is told. `None` when there is no such incident.
pub async fn act(conn: &mut Conn, id: IncidentId, act: Act, now: DateTime<Utc>) -> Result<Option<Acted>> {
    let Some(incident) = incidents::get(conn, id).await? else { return Ok(None) };
    let Some(key) = incident.monitor_id.zip(incident.collection_id) else { return Ok(None) };
    let mut trackers = health::lock(conn, &[key], now).await?;
    let tracker = trackers.entry(key).or_default();
    // Looked at before the lock, it may have ended meanwhile.
    if incident.state == IncidentState::Resolved
        || tracker.incident().is_none_or(|(ongoing, _)| ongoing != id)
    {
        return Ok(incidents::get(conn, id).await?.map(Acted::Over));
    }
    let changes = match act {
        Act::Acknowledge => tracker.acknowledge(now),
        Act::Snooze(until) => tracker.snooze(until),
        Act::Resolve => tracker.resolve(now),
    };
    let cause = cause_by_hand(conn, incident).await?;
    apply(conn, key, &cause, changes, now).await?;
    health::save(conn, &trackers, now).await?;
    Ok(incidents::get(conn, id).await?.map(Acted::Done))
}
