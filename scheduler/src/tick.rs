//! From slots to rows: which monitors are due, and the runs and gaps of their slots. `slots` decides which slot becomes
//! what; nothing is published here, that is the relay's.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    document::{MaintenanceWindow, Monitor, Overlap, Slug},
    id::{CollectionId, MonitorId, RunId},
    outcome::{Outcome, Reason, ReasonCode, Trigger},
    planted::{self, Bug},
    problem::Problem,
    run::{MonitorRef, PinnedCollection},
    schedule::{Schedule, Window, jitter_of, max_lateness, run_id_of},
};
use store::{
    Conn, Store, Topic,
    gaps::{self, Gap},
    monitors::{self, DueMonitor},
    quarantines::{self, Quarantine},
    runs::{self, End, NewRun},
};

use crate::{
    Error, Turn,
    slots::{self, Rules, Settled},
};

/// Monitors per transaction.
const BATCH: u32 = 500;
/// Runs per statement: a monitor may have many collections and locations, and PostgreSQL takes 65 535 parameters.
const ROWS: usize = 1_000;

/// Gives every slot that has come its runs, or a place in a gap, and moves the monitors on to their next slots: one
/// transaction for a batch of monitors.
///
/// # Errors
/// [`Error::Store`]; then nothing of the batch has happened.
#[tracing::instrument(name = "scheduler.tick", level = "debug", skip_all)]
pub async fn once(store: &Store) -> Result<Turn, Error> {
    let (turn, runs) = store.write(|conn| Box::pin(batch(conn))).await?;
    if runs > 0 {
        // The relay beside this duty publishes them; were it stuck, the others' would find them within a second.
        store.notify_here(Topic::Runs);
    }
    Ok(turn)
}

/// Answers when the next batch follows and how many runs came of this one.
async fn batch(conn: &mut Conn) -> store::Result<(Turn, usize)> {
    let now = store::now(conn).await?;
    let due = monitors::due(conn, now, BATCH).await?;
    let rows = settle(conn, &due, now).await?;
    let mut inserted = 0;
    for some in rows.runs.chunks(ROWS).filter(|_| !planted::has(Bug::SlotWithoutRun)) {
        inserted += runs::insert(conn, some, now).await?.len();
    }
    gaps::insert(conn, &rows.gaps, now).await?;
    monitors::advance(conn, &rows.next).await?;
    let next = monitors::next_slot(conn).await?;
    Ok((Turn::until(due.len(), BATCH, next, now), inserted))
}

/// What a batch writes.
#[derive(Debug, Default)]
struct Rows {
    runs: Vec<NewRun>,
    gaps: Vec<Gap>,
    next: Vec<(MonitorId, Option<DateTime<Utc>>)>,
}

/// What is not to be run.
type Quarantined = HashMap<(CollectionId, u32), Quarantine>;

async fn settle(conn: &mut Conn, due: &[DueMonitor], now: DateTime<Utc>) -> store::Result<Rows> {
    let mut rows = Rows::default();
    let quarantined = quarantines::of(conn, due.iter().flat_map(|due| &due.collections)).await?;
    for due in due {
        match Schedule::compile(&due.monitor.document.schedule) {
            Ok(schedule) => settle_one(conn, due, &schedule, &quarantined, now, &mut rows).await?,
            Err(problems) => stop(due, &problems, &mut rows),
        }
    }
    Ok(rows)
}

async fn settle_one(
    conn: &mut Conn,
    due: &DueMonitor,
    schedule: &Schedule,
    quarantined: &Quarantined,
    now: DateTime<Utc>,
    rows: &mut Rows,
) -> store::Result<()> {
    let monitor = &due.monitor;
    let rules = Rules {
        schedule,
        anchor: monitor.anchor,
        catch_up: monitor.document.catch_up,
        max_lateness: max_lateness(&monitor.document),
    };
    let settled = slots::settle(&rules, due.slot_at, now);
    if let Some(slot) = settled.run {
        collect_runs(conn, due, quarantined, slot, now, rows).await?;
    }
    collect_gaps(due, &settled, rows);
    rows.next.push((monitor.id, settled.next));
    Ok(())
}

/// A schedule that was accepted once and cannot be read any more must not hold up the other monitors.
fn stop(due: &DueMonitor, problems: &[Problem], rows: &mut Rows) {
    tracing::error!(
        monitor.id = %due.monitor.id,
        monitor.slug = %due.monitor.document.id,
        ?problems,
        "The schedule of a monitor cannot be read any more; it is not due again before it is saved with another one."
    );
    rows.next.push((due.monitor.id, None));
}

async fn collect_runs(
    conn: &mut Conn,
    due: &DueMonitor,
    quarantined: &Quarantined,
    slot: DateTime<Utc>,
    now: DateTime<Utc>,
    rows: &mut Rows,
) -> store::Result<()> {
    let in_maintenance = in_maintenance(&due.monitor.document, slot);
    for (collection, location) in lanes(due) {
        let end = match quarantined.get(&(collection.id, collection.version)) {
            Some(quarantine) => Some(refused(quarantine)),
            None => overlap(conn, due, collection, location, now).await?,
        };
        let run = new_run(due, collection, location, slot, in_maintenance, end);
        if planted::has(Bug::SlotTwice) {
            // The slots' unique index would refuse a second one that says that it is scheduled.
            rows.runs.push(NewRun { id: RunId::random(slot), trigger: Trigger::Manual, ..run.clone() });
        }
        rows.runs.push(run);
    }
    Ok(())
}

/// What runs for a slot: each collection at each location.
fn lanes(due: &DueMonitor) -> impl Iterator<Item = (&PinnedCollection, &Slug)> {
    let locations = &due.monitor.document.locations;
    due.collections.iter().flat_map(|collection| locations.iter().map(move |location| (collection, location)))
}

/// The slot has its run all the same, so that its history says why nothing happened.
fn refused(quarantine: &Quarantine) -> End {
    End { outcome: Outcome::Inconclusive, reason: quarantine.refusal() }
}

/// Set when the run is over before it begins, because the one before it is not.
async fn overlap(
    conn: &mut Conn,
    due: &DueMonitor,
    collection: &PinnedCollection,
    location: &Slug,
    now: DateTime<Utc>,
) -> store::Result<Option<End>> {
    let skips = due.monitor.document.overlap == Overlap::Skip;
    let overlaps = skips && runs::any_unfinished(conn, due.monitor.id, collection.id, location, now).await?;
    Ok(overlaps.then(|| End {
        outcome: Outcome::Skipped,
        reason: Reason::new(ReasonCode::Overlap, "the run before was not finished"),
    }))
}

fn new_run(
    due: &DueMonitor,
    collection: &PinnedCollection,
    location: &Slug,
    slot: DateTime<Utc>,
    in_maintenance: bool,
    end: Option<End>,
) -> NewRun {
    let monitor = &due.monitor;
    let jitter = monitor.document.schedule.jitter.unwrap_or_default().0;
    let jitter =
        TimeDelta::from_std(jitter_of(slot, monitor.id, jitter)).expect("an hour or `every` at the most");
    NewRun {
        id: run_id_of(slot, monitor.id, collection.id, location),
        collection: collection.clone(),
        monitor: Some(monitor_ref(due)),
        environment: monitor.document.environment.clone(),
        location: location.clone(),
        trigger: Trigger::Schedule,
        max_lateness: max_lateness(&monitor.document),
        wake_at: slot + jitter,
        in_maintenance,
        avoid: None,
        end,
    }
}

fn collect_gaps(due: &DueMonitor, settled: &Settled, rows: &mut Rows) {
    let Some(range) = settled.gap else { return };
    tracing::warn!(
        monitor.id = %due.monitor.id,
        first_slot_at = %range.first,
        last_slot_at = %range.last,
        slots = range.slots,
        "Nobody was there to run these slots; they are recorded as a gap."
    );
    rows.gaps.extend(lanes(due).map(|(collection, location)| Gap {
        monitor: monitor_ref(due),
        collection: collection.id,
        location: location.clone(),
        first_slot_at: range.first,
        last_slot_at: range.last,
        slots: range.slots,
    }));
}

fn monitor_ref(due: &DueMonitor) -> MonitorRef {
    MonitorRef { id: due.monitor.id, slug: due.monitor.document.id.clone() }
}

fn in_maintenance(monitor: &Monitor, slot: DateTime<Utc>) -> bool {
    monitor.maintenance.iter().filter_map(|window| compile(monitor, window)).any(|window| window.covers(slot))
}

/// A window that cannot be read any more silences nobody: better one page too many.
fn compile(monitor: &Monitor, window: &MaintenanceWindow) -> Option<Window> {
    Window::compile(window)
        .inspect_err(|problems| {
            tracing::warn!(monitor.slug = %monitor.id, ?problems, "A maintenance window cannot be read; it is passed over.");
        })
        .ok()
}

#[cfg(test)]
mod tests;
