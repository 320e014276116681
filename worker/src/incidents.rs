//! Folds finished runs into the incidents of their monitors, and writes what the incident machine says.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    incident::{Change, Fresh, Observation, SharedCause, Tracker},
    notification::evidence,
    outcome::{Outcome, Trigger},
    planted::{self, Bug},
};
use store::{
    Conn,
    health::{self, HealthKey},
    incidents::{self, Applied, Cause},
    monitors::{self, SavedMonitor},
};

use crate::recorder::Ended;

/// Answers whom it concerns.
pub(crate) async fn fold(conn: &mut Conn, ended: &[&Ended], now: DateTime<Utc>) -> store::Result<Applied> {
    let mut by_key: BTreeMap<HealthKey, Vec<&Ended>> = BTreeMap::new();
    for ended in ended {
        if let Some(key) = key(ended) {
            by_key.entry(key).or_default().push(ended);
        }
    }
    let keys: Vec<HealthKey> = by_key.keys().copied().collect();
    let monitors = monitors::hold(conn, keys.iter().map(|key| key.0)).await?;
    let mut trackers = health::lock(conn, &keys, now).await?;
    incidents::lock_causes(conn, &ended.iter().filter_map(|ended| shared_cause(ended)).collect()).await?;
    let (mut applied, mut changed) = (Applied::default(), BTreeMap::new());
    for (key, mut runs) in by_key {
        // A monitor that has gone, or has let go of the collection, has nobody to tell.
        let Some(monitor) = monitors.get(&key.0) else { continue };
        runs.retain(|ended| monitor.document.collections.contains(&ended.run.collection.slug));
        let mut tracker = trackers.remove(&key).unwrap_or_default();
        let before = tracker.clone();
        runs.sort_by_key(|ended| ended.run.due_at);
        for ended in runs {
            applied += observe(conn, key, monitor, &mut tracker, ended, now).await?;
        }
        if tracker != before {
            changed.insert(key, tracker);
        }
    }
    health::save(conn, &changed, now).await?;
    Ok(applied)
}

async fn observe(
    conn: &mut Conn,
    key: HealthKey,
    monitor: &SavedMonitor,
    tracker: &mut Tracker,
    ended: &Ended,
    now: DateTime<Utc>,
) -> store::Result<Applied> {
    if !ended.result.outcome.is_evidence() {
        return incidents::stands(conn, tracker, monitor, &ended.run, now).await;
    }
    let shared = shared_cause(ended);
    if let (Some((incident, _)), false) = (tracker.incident(), ended.result.outcome == Outcome::Passed) {
        incidents::let_go(conn, incident, shared.as_ref()).await?;
    }
    let known_to = match &shared {
        Some(cause) => incidents::known_to(conn, key, cause).await?,
        None => Vec::new(),
    };
    let observation = observation(ended, monitor.is_muted(now), &known_to, now);
    let mut changes = tracker.observe(&monitor.document.alerts, observation, Fresh::random(now));
    if planted::has(Bug::NotifyOutside) {
        changes.retain(|change| !matches!(change, Change::Tell(_)));
    }
    if changes.is_empty() {
        return Ok(Applied::default());
    }
    incidents::apply(conn, key, &cause(&monitor.document.id, ended), changes, now).await
}

/// Whose health a run says something about. Drafts and runs without a monitor say nothing. A confirmation that says nothing
/// leaves the failure that it was to confirm as it is.
fn key(ended: &Ended) -> Option<HealthKey> {
    let monitor = ended.run.monitor.as_ref().filter(|_| ended.run.trigger != Trigger::Draft)?;
    let matters = ended.result.outcome.is_evidence() || ended.run.trigger == Trigger::Confirm;
    matters.then_some((monitor.id, ended.run.collection.id))
}

/// The shared set-up that a run failed for.
fn shared_cause(ended: &Ended) -> Option<SharedCause> {
    let reason = ended.result.reason.as_ref().filter(|_| ended.result.outcome == Outcome::Failed)?;
    Some(SharedCause { set_up: reason.cause.clone()?, environment: ended.run.environment.clone() })
}

fn observation<'k>(ended: &Ended, muted: bool, known_to: &'k [Slug], now: DateTime<Utc>) -> Observation<'k> {
    Observation {
        run: ended.run.id,
        outcome: ended.result.outcome,
        at: now,
        due_at: ended.run.due_at,
        in_maintenance: ended.run.in_maintenance,
        muted,
        known_to,
        confirms: ended.run.trigger == Trigger::Confirm,
        repeatable: ended.flow.repeatable,
    }
}

fn cause(monitor: &Slug, ended: &Ended) -> Cause {
    let (step, assertion) = evidence(&ended.result);
    Cause {
        monitor: monitor.clone(),
        collection: ended.run.collection.slug.clone(),
        collection_name: ended.flow.name.clone(),
        location: ended.run.location.clone(),
        run: ended.run.id,
        reason: ended.result.reason.clone(),
        step,
        assertion,
        shared: shared_cause(ended),
    }
}
