//! Folds finished runs into the incidents of their monitors, and writes what the incident machine says.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    document::Monitor,
    id::{IncidentId, NotificationId, RunId},
    incident::{Change, Incident, IncidentState, Observation, Tell},
    notification::{Notice, evidence},
    outcome::Trigger,
};
use store::{
    Conn,
    health::{self, HealthKey},
    incidents, monitors, notifications,
};

use crate::recorder::Ended;

/// Answers whether anybody is to be told.
pub(crate) async fn fold(conn: &mut Conn, ended: &[&Ended], now: DateTime<Utc>) -> store::Result<bool> {
    let mut by_key: BTreeMap<HealthKey, Vec<&Ended>> = BTreeMap::new();
    for ended in ended {
        if let Some(key) = key(ended) {
            by_key.entry(key).or_default().push(ended);
        }
    }
    let keys: Vec<HealthKey> = by_key.keys().copied().collect();
    let mut trackers = health::lock(conn, &keys, now).await?;
    let mut told = false;
    for (key, mut runs) in by_key {
        // A monitor that has gone has nobody to tell.
        let Some(monitor) = monitors::get_by_id(conn, key.0).await? else { continue };
        let mut tracker = trackers.remove(&key).unwrap_or_default();
        let before = tracker.clone();
        runs.sort_by_key(|ended| ended.run.due_at);
        for ended in runs {
            let changes = tracker
                .observe(&monitor.document.alerts, observation(ended, now), || IncidentId::random(now));
            told |= apply(conn, key, &monitor.document, ended, changes, now).await?;
        }
        if tracker != before {
            health::save(conn, key, &tracker, now).await?;
        }
    }
    Ok(told)
}

/// Whose health a run says something about. Drafts and runs without a monitor say nothing.
fn key(ended: &Ended) -> Option<HealthKey> {
    let monitor = ended.run.monitor.as_ref().filter(|_| ended.run.trigger != Trigger::Draft)?;
    ended.result.outcome.is_evidence().then_some((monitor.id, ended.run.collection.id))
}

fn observation(ended: &Ended, now: DateTime<Utc>) -> Observation {
    Observation {
        run: ended.run.id,
        outcome: ended.result.outcome,
        at: now,
        due_at: ended.run.due_at,
        in_maintenance: ended.run.in_maintenance,
    }
}

async fn apply(
    conn: &mut Conn,
    key: HealthKey,
    monitor: &Monitor,
    ended: &Ended,
    changes: Vec<Change>,
    now: DateTime<Utc>,
) -> store::Result<bool> {
    let mut tells = Vec::new();
    for change in changes {
        match change {
            Change::Open { incident, severity, run, at } => {
                let opened = Incident {
                    id: incident,
                    monitor_id: Some(key.0),
                    monitor: monitor.id.clone(),
                    collection_id: Some(key.1),
                    collection: ended.run.collection.slug.clone(),
                    state: IncidentState::Open,
                    severity,
                    opened_by: run,
                    reason: ended.result.reason.clone(),
                    opened_at: at,
                    acknowledged_at: None,
                    resolved_at: None,
                };
                incidents::open(conn, &opened).await?;
                tracing::info!(incident.id = %incident, monitor.id = %monitor.id, run.id = %run, "an incident opened");
            }
            Change::Raise { incident, severity } => {
                incidents::raise(conn, incident, severity).await?;
            }
            Change::Acknowledge { incident, at } => {
                incidents::acknowledge(conn, incident, at).await?;
            }
            Change::Resolve { incident, at } => {
                incidents::resolve(conn, incident, at).await?;
                tracing::info!(incident.id = %incident, monitor.id = %monitor.id, "an incident was resolved");
            }
            Change::Tell(tell) => tells.push(tell),
        }
    }
    let Some(first) = tells.first() else { return Ok(false) };
    let opened_at = incidents::get(conn, first.incident).await?.map_or(now, |incident| incident.opened_at);
    let rows: Vec<_> = tells.iter().map(|tell| notification(tell, monitor, ended, opened_at, now)).collect();
    notifications::insert(conn, &rows).await?;
    Ok(true)
}

fn notification(
    tell: &Tell,
    monitor: &Monitor,
    ended: &Ended,
    opened_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> notifications::NewNotification {
    let run: RunId = ended.run.id;
    let (step, assertion) = evidence(&ended.result);
    let notice = Notice {
        incident: tell.incident,
        kind: tell.kind,
        severity: tell.severity,
        monitor: monitor.id.clone(),
        collection: ended.run.collection.slug.clone(),
        collection_name: ended.collection_name.clone(),
        location: ended.run.location.clone(),
        opened_at,
        occurred_at: now,
        run,
        reason: ended.result.reason.clone(),
        step,
        assertion,
    };
    notifications::NewNotification {
        id: NotificationId::random(now),
        channel: tell.channel.clone(),
        sequence: tell.sequence,
        notice,
    }
}
