//! Writes what the incident machine says: the incident's row, and a notification for whom it tells.

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    id::{MonitorId, NotificationId, RunId},
    incident::{Change, Incident, IncidentState, SharedCause, Tell},
    notification::{Notice, Subject},
    outcome::Reason,
    result::AssertionResult,
};

use crate::{
    Conn, Result, collections, health,
    health::HealthKey,
    incidents::{self, confirming},
    notifications::{self, NewNotification},
    runs,
};

/// Where it happened, for the incident and for what people are told.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Whose.
    pub monitor: Slug,
    /// Of which collection.
    pub collection: Slug,
    /// The collection's name for people.
    pub collection_name: String,
    /// Where the run executed.
    pub location: Slug,
    /// The run that brought it about.
    pub run: RunId,
    /// Why that run did not pass.
    pub reason: Option<Reason>,
    /// The failing step, counted from 1, and its name.
    pub step: Option<(u32, String)>,
    /// Its first assertion that did not hold.
    pub assertion: Option<AssertionResult>,
    /// The shared set-up that is to blame.
    pub shared: Option<SharedCause>,
}

/// Whom the changes concern besides those who read rows: to be called after the commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Somebody is to be told.
    pub told: bool,
    /// A confirmation is to be run.
    pub asked: bool,
}

impl AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        *self = Self { told: self.told || other.told, asked: self.asked || other.asked };
    }
}

/// Writes changes, in their order, in the transaction that keeps the tracker.
pub async fn apply(
    conn: &mut Conn,
    key: HealthKey,
    cause: &Cause,
    changes: Vec<Change>,
    now: DateTime<Utc>,
) -> Result<Applied> {
    let (mut tells, mut asked) = (Vec::new(), false);
    for change in changes {
        match change {
            Change::Confirm { run, of } => asked |= confirming::confirm(conn, run, of, now).await?,
            Change::Tell(tell) => tells.push(tell),
            change => write(conn, key, cause, change).await?,
        }
    }
    let Some(first) = tells.first() else { return Ok(Applied { told: false, asked }) };
    let opened_at = incidents::get(conn, first.incident).await?.map_or(now, |incident| incident.opened_at);
    let rows: Vec<_> = tells.iter().map(|tell| notification(tell, cause, opened_at, now)).collect();
    notifications::insert(conn, &rows).await?;
    Ok(Applied { told: true, asked })
}

/// Writes what is about the incident's own row.
async fn write(conn: &mut Conn, key: HealthKey, cause: &Cause, change: Change) -> Result<()> {
    match change {
        Change::Open { incident, severity, level, run, at } => {
            let opened = Incident {
                id: incident,
                monitor_id: Some(key.0),
                monitor: cause.monitor.clone(),
                collection_id: Some(key.1),
                collection: cause.collection.clone(),
                state: IncidentState::Open,
                severity,
                level,
                opened_by: run,
                reason: cause.reason.clone(),
                cause: cause.shared.clone(),
                opened_at: at,
                acknowledged_at: None,
                snoozed_until: None,
                resolved_at: None,
            };
            incidents::open(conn, &opened).await?;
            tracing::info!(incident.id = %incident, monitor.id = %cause.monitor, "an incident opened");
        }
        Change::Raise { incident, severity, level } => {
            incidents::raise(conn, incident, severity, level).await?;
        }
        Change::Acknowledge { incident, at } => {
            incidents::acknowledge(conn, incident, at).await?;
        }
        Change::Snooze { incident, until } => {
            incidents::snooze(conn, incident, until).await?;
        }
        Change::Resolve { incident, at } => {
            incidents::resolve(conn, incident, at).await?;
            tracing::info!(incident.id = %incident, monitor.id = %cause.monitor, "an incident was resolved");
        }
        Change::Confirm { .. } | Change::Tell(_) => {}
    }
    Ok(())
}

/// Ends the incidents of a monitor that goes away, or of collections that it no longer has: whoever was told that they
/// are down is told that it is over (I9). `remaining` are the collections that it keeps.
pub(crate) async fn close(
    conn: &mut Conn,
    monitor: MonitorId,
    remaining: &[Slug],
    now: DateTime<Utc>,
) -> Result<()> {
    for incident in incidents::ongoing(conn, monitor).await? {
        let Some(collection_id) = incident.collection_id else { continue };
        if remaining.contains(&incident.collection) {
            continue;
        }
        let key = (monitor, collection_id);
        let mut trackers = health::lock(conn, &[key], now).await?;
        let tracker = trackers.entry(key).or_default();
        let changes = tracker.resolve(now);
        let cause = cause_by_hand(conn, incident).await?;
        apply(conn, key, &cause, changes, now).await?;
        health::save(conn, &trackers, now).await?;
    }
    Ok(())
}

/// What there is to say of an incident when no run brings the change about.
pub(super) async fn cause_by_hand(conn: &mut Conn, incident: Incident) -> Result<Cause> {
    let collection_name = name_of(conn, &incident.collection).await?;
    let location = runs::get(conn, incident.opened_by).await?.map(|run| run.location);
    Ok(Cause {
        collection_name,
        monitor: incident.monitor,
        collection: incident.collection,
        location: location.unwrap_or_else(|| "default".parse().expect("`default` is a slug")),
        run: incident.opened_by,
        reason: None,
        step: None,
        assertion: None,
        shared: None,
    })
}

/// What people call a collection, or called it while it was there.
pub(super) async fn name_of(conn: &mut Conn, collection: &Slug) -> Result<String> {
    let name = collections::get(conn, collection).await?.and_then(|saved| saved.document.name);
    Ok(name.unwrap_or_else(|| collection.to_string()))
}

fn notification(tell: &Tell, cause: &Cause, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> NewNotification {
    let cause = cause.clone();
    let notice = Notice {
        subject: Subject::Incident,
        incident: tell.incident,
        kind: tell.kind,
        severity: tell.severity,
        level: tell.level,
        flapping: tell.flapping,
        cause: cause.shared,
        monitor: cause.monitor,
        collection: cause.collection,
        collection_name: cause.collection_name,
        location: cause.location,
        opened_at,
        occurred_at: now,
        run: cause.run,
        reason: cause.reason,
        step: cause.step,
        assertion: cause.assertion,
    };
    NewNotification {
        id: NotificationId::random(now),
        channel: tell.channel.clone(),
        sequence: tell.sequence,
        notice,
    }
}
