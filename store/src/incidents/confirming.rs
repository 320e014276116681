//! Confirmations: a failure is looked at once more before anybody is told, by a run of its own.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    id::RunId,
    incident::{Fresh, Observation, SharedCause, Tracker},
    notification::evidence,
    outcome::{Outcome, Trigger},
    run::Run,
};

use super::{
    shared::{known_to, lock_causes},
    telling::{Applied, Cause, apply, name_of},
};
use crate::{
    Conn, Result,
    health::{self, HealthKey},
    monitors::{self, SavedMonitor},
    results,
    runs::{self, NewRun},
};

/// A confirmation that nobody begins by then says nothing: whoever failed is to be told of.
const SOON: Duration = Duration::from_secs(30);

/// Queues a run like the one that failed, for another worker if there is one.
pub(super) async fn confirm(conn: &mut Conn, run: RunId, of: RunId, now: DateTime<Utc>) -> Result<bool> {
    let Some(failed) = runs::get(conn, of).await? else { return Ok(false) };
    let confirmation = NewRun {
        id: run,
        collection: failed.collection,
        monitor: failed.monitor,
        environment: failed.environment,
        location: failed.location,
        trigger: Trigger::Confirm,
        max_lateness: SOON,
        wake_at: now,
        in_maintenance: failed.in_maintenance,
        avoid: failed.owner,
        end: None,
    };
    Ok(!runs::insert(conn, &[confirmation], now).await?.is_empty())
}

/// Confirmations among these runs have ended without saying anything about their targets: the failures that they were to
/// confirm stand. Call it in the transaction that ends them, after the last run of it is locked.
pub async fn unconfirmed(conn: &mut Conn, ended: &[RunId], now: DateTime<Utc>) -> Result<Applied> {
    let confirmations = runs::confirmations(conn, ended).await?;
    let keys: Vec<HealthKey> = confirmations.iter().filter_map(key).collect();
    if keys.is_empty() {
        return Ok(Applied::default());
    }
    let monitors = monitors::hold(conn, keys.iter().map(|key| key.0)).await?;
    let mut trackers = health::lock(conn, &keys, now).await?;
    let mut applied = Applied::default();
    for confirmation in &confirmations {
        let Some(key) = key(confirmation) else { continue };
        let Some((monitor, tracker)) = monitors.get(&key.0).zip(trackers.get_mut(&key)) else { continue };
        applied += stands(conn, tracker, monitor, confirmation, now).await?;
    }
    health::save(conn, &trackers, now).await?;
    Ok(applied)
}

fn key(run: &Run) -> Option<HealthKey> {
    run.monitor.as_ref().map(|monitor| (monitor.id, run.collection.id))
}

/// The same for one confirmation, where its tracker is locked already; the caller keeps the tracker.
pub async fn stands(
    conn: &mut Conn,
    tracker: &mut Tracker,
    monitor: &SavedMonitor,
    confirmation: &Run,
    now: DateTime<Utc>,
) -> Result<Applied> {
    let key = (monitor.id, confirmation.collection.id);
    let Some(failed) = tracker.suspected(confirmation.id) else { return Ok(Applied::default()) };
    let cause = cause(conn, failed, monitor, confirmation).await?;
    let known_to = match &cause.shared {
        Some(shared) => {
            lock_causes(conn, &[shared.clone()].into()).await?;
            known_to(conn, key, shared).await?
        }
        None => Vec::new(),
    };
    let observation = Observation {
        run: confirmation.id,
        outcome: Outcome::Inconclusive,
        at: now,
        due_at: confirmation.due_at,
        in_maintenance: confirmation.in_maintenance,
        muted: monitor.is_muted(now),
        known_to: &known_to,
        confirms: true,
        repeatable: true,
    };
    let changes = tracker.unconfirmed(&monitor.document.alerts, observation, Fresh::random(now));
    apply(conn, key, &cause, changes, now).await
}

/// What the run that failed has to say.
async fn cause(conn: &mut Conn, failed: RunId, monitor: &SavedMonitor, confirmation: &Run) -> Result<Cause> {
    let result = results::get(conn, failed).await?;
    let (step, assertion) = result.as_ref().map(evidence).unwrap_or_default();
    let reason = result.and_then(|result| result.reason);
    let set_up = reason.as_ref().and_then(|reason| reason.cause.clone());
    let environment = confirmation.environment.clone();
    let slug = &confirmation.collection.slug;
    Ok(Cause {
        monitor: monitor.document.id.clone(),
        collection: slug.clone(),
        collection_name: name_of(conn, slug).await?,
        location: confirmation.location.clone(),
        run: failed,
        shared: set_up.map(|set_up| SharedCause { set_up, environment }),
        reason,
        step,
        assertion,
    })
}
