//! Documents and rows that the tests start from.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    document::{AlertSeverity, Channel, Collection, Environment, Monitor, Slug},
    id::{CollectionId, IncidentId, MonitorId, NotificationId, RunId, WorkerId},
    incident::{Incident, IncidentLevel, IncidentState, Observation},
    notification::{Notice, NotificationKind, Subject},
    outcome::{Outcome, Reason, ReasonCode, Trigger},
    result::RunResult,
    run::{MonitorRef, PinnedCollection},
};
use serde_json::{Value, json};
use store::{notifications::NewNotification, runs, runs::NewRun, workers};

use crate::harness::{Bench, write};

pub(crate) fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

pub(crate) fn collection(id: &str, more: Value) -> Collection {
    let mut document =
        json!({ "id": id, "steps": [{ "id": "ping", "request": { "url": "https://example.com" } }] });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(document).unwrap()
}

pub(crate) fn monitor(id: &str, collections: &[&str], more: Value) -> Monitor {
    let mut document = json!({ "id": id, "collections": collections, "schedule": { "every": "1m" } });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(document).unwrap()
}

/// A manual run, due at `due_at`, that may start within a minute.
pub(crate) fn manual(due_at: DateTime<Utc>) -> NewRun {
    NewRun {
        id: RunId::random(due_at),
        collection: PinnedCollection {
            id: CollectionId::new(DateTime::UNIX_EPOCH, [1; 10]),
            slug: slug("shop"),
            version: 1,
        },
        monitor: None,
        environment: None,
        location: slug("default"),
        trigger: Trigger::Manual,
        max_lateness: Duration::from_secs(60),
        wake_at: due_at,
        in_maintenance: false,
        avoid: None,
        end: None,
    }
}

/// The run of the slot `due_at` of one monitor.
pub(crate) fn scheduled(due_at: DateTime<Utc>) -> NewRun {
    let monitor = Some(MonitorRef { id: MonitorId::new(DateTime::UNIX_EPOCH, [2; 10]), slug: slug("shop") });
    NewRun { trigger: Trigger::Schedule, monitor, ..manual(due_at) }
}

/// Inserts runs and answers their ids.
pub(crate) async fn inserted(bench: &Bench, runs: Vec<NewRun>) -> Vec<RunId> {
    let now = bench.now();
    write!(bench, |conn| runs::insert(conn, &runs, now)).unwrap()
}

/// A worker that is alive for eight seconds.
pub(crate) async fn worker(bench: &Bench) -> WorkerId {
    let worker = workers::Worker {
        id: WorkerId::random(bench.now()),
        host: "host".to_owned(),
        version: "0.1.0".to_owned(),
        location: slug("default"),
        slots: 8,
        started_at: bench.now(),
        alive_until: bench.after(8),
    };
    let id = worker.id;
    write!(bench, |conn| workers::register(conn, &worker)).unwrap();
    id
}

/// A run in the hands of a worker, first attempt.
pub(crate) async fn running(bench: &Bench) -> (RunId, WorkerId) {
    let (worker, ids) = (worker(bench).await, inserted(bench, vec![manual(bench.now())]).await);
    let (run, now) = (ids[0], bench.now());
    let claimed = write!(bench, |conn| runs::claim(conn, worker, &ids, now)).unwrap();
    assert_eq!(claimed.len(), 1);
    (run, worker)
}

pub(crate) fn passed(run: RunId, attempt: u32, worker: WorkerId) -> runs::Finished {
    runs::Finished { run, attempt, worker, outcome: Outcome::Passed, reason: None }
}

pub(crate) fn result() -> RunResult {
    RunResult {
        outcome: Outcome::Passed,
        reason: None,
        duration_ms: 12.5,
        set_ups: Vec::new(),
        steps: Vec::new(),
        rows: Vec::new(),
    }
}

pub(crate) fn environment(id: &str, secrets: Value) -> Environment {
    serde_json::from_value(json!({ "id": id, "vars": { "base": "https://example.com" }, "secrets": secrets }))
        .unwrap()
}

/// An open incident of the monitor and collection `shop`.
pub(crate) fn incident(bench: &Bench) -> Incident {
    Incident {
        id: IncidentId::random(bench.now()),
        monitor_id: Some(MonitorId::new(DateTime::UNIX_EPOCH, [2; 10])),
        monitor: slug("shop"),
        collection_id: Some(CollectionId::new(DateTime::UNIX_EPOCH, [1; 10])),
        collection: slug("shop"),
        state: IncidentState::Open,
        severity: AlertSeverity::Error,
        level: IncidentLevel::Down,
        opened_by: RunId::random(bench.now()),
        reason: Some(Reason::new(ReasonCode::Timeout, "no answer in 10 s")),
        cause: None,
        opened_at: bench.now(),
        acknowledged_at: None,
        snoozed_until: None,
        resolved_at: None,
    }
}

pub(crate) fn channel(id: &str) -> Channel {
    serde_json::from_value(json!({ "id": id, "type": "webhook", "url": "https://example.com/hook" })).unwrap()
}

/// An event of an incident for the channel `hook`.
pub(crate) fn event(
    incident: IncidentId,
    sequence: u32,
    kind: NotificationKind,
    at: DateTime<Utc>,
) -> NewNotification {
    let notice = Notice {
        subject: Subject::Incident,
        incident,
        kind,
        severity: AlertSeverity::Error,
        level: IncidentLevel::Down,
        flapping: None,
        cause: None,
        monitor: slug("shop"),
        collection: slug("shop"),
        collection_name: "Shop".to_owned(),
        location: slug("default"),
        opened_at: at,
        occurred_at: at,
        run: RunId::random(at),
        reason: None,
        step: None,
        assertion: None,
    };
    NewNotification { id: NotificationId::random(at), channel: slug("hook"), sequence, notice }
}

/// What a failed run says that cannot be repeated.
pub(crate) fn failed(run: RunId, at: DateTime<Utc>) -> Observation<'static> {
    Observation {
        run,
        outcome: Outcome::Failed,
        at,
        due_at: at,
        in_maintenance: false,
        muted: false,
        known_to: &[],
        confirms: false,
        repeatable: false,
    }
}
