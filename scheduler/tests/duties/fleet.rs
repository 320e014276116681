//! What the tests share: a database, a broker, a clock, and hands for both ends.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    clock::{Clock, MockClock},
    document::Slug,
    id::{RunId, WorkerId},
    outcome::{Outcome, ReasonCode},
    run::Run,
};
use futures_util::StreamExt;
use queue::{Destination, Message, Queue, Verdict};
use scheduler::{Turn, reap, relay, tick};
use serde_json::{Value, json};
use store::{Page, Store, collections, gaps, gaps::Gap, monitors, runs, workers};
use tempfile::TempDir;

/// When every test begins: a whole minute, and no Sunday.
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

pub(crate) fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

/// One transaction: `write!(fleet, |conn| runs::claim(conn, …))`.
macro_rules! write {
    ($fleet:expr, |$conn:ident| $work:expr) => {
        $fleet.store.write(move |$conn| Box::pin(async move { $work.await })).await.unwrap()
    };
}
pub(crate) use write;

pub(crate) struct Fleet {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    clock: MockClock,
    _folder: TempDir,
}

impl Fleet {
    /// Nothing in the database, and a queue for the location `default`.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = MockClock::at(START.parse().unwrap());
        let store = Store::open_sqlite(folder.path()).await.unwrap().with_clock(Arc::new(clock.clone()));
        let fleet = Self { store, queue: Queue::in_process(), clock, _folder: folder };
        fleet.declare("default").await;
        fleet
    }

    /// The same with a monitor `shop` of one collection, once a minute, and whatever else is given.
    pub(crate) async fn watching(more: Value) -> Self {
        let fleet = Self::new().await;
        fleet.save_collection("shop", json!({})).await;
        fleet.save_monitor("shop", more).await;
        fleet
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) async fn save_collection(&self, id: &str, more: Value) {
        let steps = json!([{ "id": "ping", "request": { "url": "https://example.com" } }]);
        let document = with(json!({ "id": id, "steps": steps }), more);
        let (document, now) = (serde_json::from_value(document).unwrap(), self.now());
        write!(self, |conn| collections::replace(conn, &document, now));
    }

    pub(crate) async fn save_monitor(&self, id: &str, more: Value) {
        let document =
            with(json!({ "id": id, "collections": ["shop"], "schedule": { "every": "1m" } }), more);
        let (document, now) = (serde_json::from_value(document).unwrap(), self.now());
        write!(self, |conn| monitors::replace(conn, &document, now));
    }

    /// When this monitor is due next.
    pub(crate) async fn next_slot(&self, monitor: &str) -> Option<DateTime<Utc>> {
        let mut conn = self.store.read().await.unwrap();
        monitors::get(&mut conn, &slug(monitor)).await.unwrap().unwrap().next_slot_at
    }

    pub(crate) async fn declare(&self, location: &str) {
        self.queue.declare(&Destination::Runs(slug(location))).await.unwrap();
    }

    pub(crate) async fn tick(&self) {
        while tick::once(&self.store).await.unwrap() == Turn::More {}
    }

    pub(crate) async fn relay(&self) {
        while relay::runs(&self.store, &self.queue).await.unwrap() == Turn::More {}
    }

    pub(crate) async fn reap(&self) {
        while reap::once(&self.store).await.unwrap() == Turn::More {}
    }

    /// All runs, the oldest first.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        let mut conn = self.store.read().await.unwrap();
        let page = Page { cursor: None, limit: 100 };
        let mut runs = runs::list(&mut conn, &runs::Filter::default(), page).await.unwrap().data;
        runs.reverse();
        runs
    }

    /// The only run there is.
    pub(crate) async fn run(&self) -> Run {
        let mut runs = self.runs().await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }

    /// All gaps of the monitor `shop`, the newest first.
    pub(crate) async fn gaps(&self) -> Vec<Gap> {
        let mut conn = self.store.read().await.unwrap();
        gaps::list(&mut conn, &slug("shop"), 100).await.unwrap()
    }

    /// The runs that the messages for a location name; the messages are gone after that.
    pub(crate) async fn called(&self, location: &str) -> Vec<RunId> {
        let runs = Destination::Runs(slug(location));
        let waiting = self.queue.depth(&runs).await.unwrap().map_or(0, |depth| depth.ready);
        let mut deliveries = self.queue.consume(&runs, 100).await.unwrap();
        let mut called = Vec::new();
        for _ in 0..waiting {
            let delivery = deliveries.next().await.unwrap();
            let Message::ExecuteRun { run_id } = delivery.message() else { panic!("not about a run") };
            delivery.settle(Verdict::Ack).await.unwrap();
            called.push(run_id);
        }
        called
    }

    /// A worker with a lease of eight seconds that has claimed this run.
    pub(crate) async fn claim(&self, run: RunId) -> WorkerId {
        let now = self.now();
        let worker = workers::Worker {
            id: WorkerId::random(now),
            host: "host".to_owned(),
            version: "0.1.0".to_owned(),
            location: slug("default"),
            slots: 1,
            started_at: now,
            alive_until: now + TimeDelta::seconds(8),
        };
        let id = worker.id;
        write!(self, |conn| workers::register(conn, &worker));
        let claimed = write!(self, |conn| runs::claim(conn, id, &[run], now));
        assert_eq!(claimed.len(), 1, "it can be claimed");
        id
    }

    /// Ends a claimed run as passed.
    pub(crate) async fn finish(&self, run: RunId, worker: WorkerId) {
        let (now, attempt) = (self.now(), 1);
        let finished = runs::Finished { run, attempt, worker, outcome: Outcome::Passed, reason: None };
        let accepted = write!(self, |conn| runs::finish(conn, &[finished], now));
        assert_eq!(accepted, [run]);
    }
}

/// How a run ended and why.
pub(crate) fn end(run: &Run) -> Option<(Outcome, Option<ReasonCode>)> {
    run.outcome.map(|outcome| (outcome, run.reason.as_ref().map(|reason| reason.code)))
}

fn with(mut document: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("`more` is an object") };
    document.as_object_mut().unwrap().extend(more);
    document
}
