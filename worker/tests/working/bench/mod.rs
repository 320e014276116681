//! What the tests stand on: a store in a temporary folder, an in-process queue, a worker, and a target.

mod target;

use std::{sync::Arc, time::Duration};

use domain::{
    clock::SystemClock,
    document::{Collection, Slug, Span},
    id::{IncidentId, RunId},
    incident::Incident,
    notification::Notification,
    outcome::{Reason, ReasonCode, RunState, Trigger},
    result::RunResult,
    run::{MonitorRef, PinnedCollection, Run},
};
use queue::{Destination, InProcess, Message, Queue};
use serde_json::Value;
use store::{Store, Topic, quarantines::Quarantine, runs::NewRun};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use target::Target;

pub(crate) struct Bench {
    store: Store,
    broker: InProcess,
    outbound: outbound::Config,
    collection: PinnedCollection,
    shutdown: CancellationToken,
    worker: JoinHandle<Result<(), worker::Error>>,
    more: Vec<JoinHandle<Result<(), worker::Error>>>,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn start(collection: Value) -> Self {
        Self::with(collection, "127.0.0.0/8", worker::Config::default()).await
    }

    /// Loopback is denied, as it is by default in production.
    pub(crate) async fn strict(collection: Value) -> Self {
        Self::with(collection, "", worker::Config::default()).await
    }

    /// No grace period.
    pub(crate) async fn impatient(collection: Value) -> Self {
        let config = worker::Config { drain: Span(Duration::ZERO), ..worker::Config::default() };
        Self::with(collection, "127.0.0.0/8", config).await
    }

    /// A grace period of which the second half is for clean-up.
    pub(crate) async fn draining(collection: Value, drain: Duration) -> Self {
        let config = worker::Config { drain: Span(drain), ..worker::Config::default() };
        Self::with(collection, "127.0.0.0/8", config).await
    }

    /// With a collection that the other one uses, and some more workers.
    pub(crate) async fn using(set_up: Value, collection: Value, more: usize) -> Self {
        let mut bench = Self::with_all(&[set_up], collection, "127.0.0.0/8", worker::Config::default()).await;
        for _ in 0..more {
            let config = worker::Config::default();
            let worker = work(&bench.store, &bench.broker, &bench.outbound, config, &bench.shutdown);
            bench.more.push(worker);
        }
        bench
    }

    async fn with(collection: Value, allow: &str, config: worker::Config) -> Self {
        Self::with_all(&[], collection, allow, config).await
    }

    async fn with_all(before: &[Value], collection: Value, allow: &str, config: worker::Config) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open_sqlite(folder.path()).await.expect("a store");
        store.migrate().await.expect("a schema");
        let read = |collection: &Value| -> Collection {
            serde_json::from_value(collection.clone()).expect("the test's collection is well-formed")
        };
        let (before, document) = (before.iter().map(read).collect::<Vec<_>>(), read(&collection));
        let saved = store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                if let Some(rule) = document.alerts.first() {
                    for id in &rule.channels {
                        let channel =
                            serde_json::json!({ "id": id, "type": "webhook", "url": "http://127.0.0.1:9/" });
                        let channel = serde_json::from_value(channel).expect("a channel");
                        store::channels::create(conn, &channel, now).await?;
                    }
                }
                for document in &before {
                    store::collections::create(conn, document, now).await?;
                }
                store::collections::create(conn, &document, now).await
            })
        });
        let saved = saved.await.expect("the collection is saved");
        let collection =
            PinnedCollection { id: saved.id, slug: saved.document.id.clone(), version: saved.version };
        let broker = InProcess::default();
        let outbound: outbound::Config =
            serde_json::from_value(serde_json::json!({ "allow": allow })).expect("CIDRs");
        let shutdown = CancellationToken::new();
        let worker = work(&store, &broker, &outbound, config, &shutdown);
        let bench =
            Self { store, broker, outbound, collection, shutdown, worker, more: Vec::new(), _folder: folder };
        // The location's queue is there once the worker consumes from it.
        bench.queue().declare(&bench.destination()).await.expect("an in-process queue");
        bench
    }

    /// A worker for when the first one has gone.
    pub(crate) fn another_worker(&mut self) {
        self.shutdown = CancellationToken::new();
        let config = worker::Config::default();
        self.worker = work(&self.store, &self.broker, &self.outbound, config, &self.shutdown);
    }

    /// What of the messages nobody has taken.
    pub(crate) async fn waiting(&self) -> usize {
        self.queue().depth(&self.destination()).await.unwrap().map_or(0, |depth| depth.ready)
    }

    /// Keeps the collection's version from being run.
    pub(crate) async fn quarantine(&self) {
        let collection = self.collection.clone();
        let added = self.store.write(move |conn| {
            Box::pin(async move {
                let since = store::now(conn).await?;
                let reason = Reason::new(ReasonCode::Poison, "two workers were lost");
                let run = RunId::random(since);
                store::quarantines::add(conn, &Quarantine { collection, run, reason, since }).await
            })
        });
        added.await.expect("the quarantine is written");
    }

    /// Inserts a run and wakes the worker.
    pub(crate) async fn run_now(&self, environment: Option<&str>) -> RunId {
        let run = self.insert(environment).await;
        self.publish(run).await;
        run
    }

    /// Makes monitors of the collection, which tell the channel `hook` of every failure.
    pub(crate) async fn monitors(&self, count: usize) -> Vec<MonitorRef> {
        let collection = self.collection.slug.clone();
        let made = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let hook = serde_json::json!({ "id": "hook", "type": "webhook", "url": "http://127.0.0.1:9/" });
                store::channels::replace(conn, &serde_json::from_value(hook).unwrap(), now).await?;
                let mut monitors = Vec::new();
                for number in 0..count {
                    let monitor = serde_json::json!({
                        "id": format!("watch-{number}"), "collections": [collection], "schedule": { "every": "1h" },
                        "alerts": [{ "channels": ["hook"], "confirm": false }],
                    });
                    let saved =
                        store::monitors::create(conn, &serde_json::from_value(monitor).unwrap(), now).await?;
                    monitors.push(MonitorRef { id: saved.id, slug: saved.document.id });
                }
                Ok(monitors)
            })
        });
        made.await.expect("the monitors are saved")
    }

    /// A run of each of these monitors, all at once.
    pub(crate) async fn run_all(&self, monitors: &[MonitorRef]) -> Vec<Run> {
        let mut ids = Vec::new();
        for monitor in monitors {
            ids.push(self.insert_for(None, Some(monitor.clone())).await);
        }
        for id in &ids {
            self.publish(*id).await;
        }
        let mut runs = Vec::new();
        for id in ids {
            runs.push(self.finished(id).await);
        }
        runs
    }

    /// The same for the collection's own monitor.
    pub(crate) async fn run_monitor(&self) -> RunId {
        let slug = self.collection.slug.clone();
        let saved = store::monitors::get(&mut self.store.read().await.unwrap(), &slug).await.unwrap();
        let saved = saved.expect("the inline schedule made a monitor");
        let monitor = MonitorRef { id: saved.id, slug };
        let run = self.insert_for(None, Some(monitor)).await;
        self.publish(run).await;
        run
    }

    pub(crate) async fn insert(&self, environment: Option<&str>) -> RunId {
        self.insert_for(environment, None).await
    }

    async fn insert_for(&self, environment: Option<&str>, monitor: Option<MonitorRef>) -> RunId {
        let environment = environment.map(|slug| slug.parse::<Slug>().unwrap());
        let collection = self.collection.clone();
        let inserted = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let run = NewRun {
                    id: RunId::random(now),
                    collection,
                    monitor,
                    environment,
                    location: "default".parse().unwrap(),
                    trigger: Trigger::Manual,
                    max_lateness: Duration::from_secs(60),
                    wake_at: now,
                    in_maintenance: false,
                    avoid: None,
                    end: None,
                };
                store::runs::insert(conn, &[run], now).await
            })
        });
        inserted.await.expect("the run is inserted")[0]
    }

    /// The run that was queued when this one failed.
    pub(crate) async fn asked_for(&self, failed: RunId) -> RunId {
        let mut conn = self.store.read().await.unwrap();
        let filter = store::runs::Filter { state: Some(RunState::Queued), ..Default::default() };
        let queued = store::runs::list(&mut conn, &filter, store::Page::first(9)).await.unwrap().data;
        assert!(queued.len() == 1 && queued[0].id != failed, "{queued:?}");
        queued[0].id
    }

    pub(crate) async fn publish(&self, run_id: RunId) {
        let published = self.queue().publish(&self.destination(), &[Message::ExecuteRun { run_id }]).await;
        assert_eq!(published.expect("an in-process queue"), [queue::Published::Confirmed]);
    }

    /// Waits for the run's outcome.
    pub(crate) async fn finished(&self, run: RunId) -> Run {
        let mut news = self.store.listen(Topic::Results);
        let wait = async {
            loop {
                let run = self.get(run).await;
                if run.state == RunState::Finished {
                    return run;
                }
                news.heard().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the run finishes")
    }

    pub(crate) async fn get(&self, run: RunId) -> Run {
        let found = store::runs::get(&mut self.store.read().await.unwrap(), run).await.unwrap();
        found.expect("the run is there")
    }

    pub(crate) async fn result(&self, run: RunId) -> RunResult {
        let found = store::results::get(&mut self.store.read().await.unwrap(), run).await.unwrap();
        found.expect("the run has a result")
    }

    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        let mut conn = self.store.read().await.unwrap();
        let listing =
            store::incidents::list(&mut conn, &Default::default(), store::Page::first(100)).await.unwrap();
        listing.data
    }

    /// Everything that any channel is told, in order.
    pub(crate) async fn told(&self) -> Vec<Notification> {
        let mut told = Vec::new();
        for incident in self.incidents().await {
            told.extend(self.notifications(incident.id).await);
        }
        told.sort_by_key(|one| (one.created_at, one.sequence));
        told
    }

    /// A new version of a collection.
    pub(crate) async fn replace(&self, more: Value, mut collection: Value) {
        collection.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let document: Collection = serde_json::from_value(collection).unwrap();
        let replaced = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                store::collections::replace(conn, &document, now).await
            })
        });
        replaced.await.expect("the collection is saved");
    }

    pub(crate) async fn notifications(&self, incident: IncidentId) -> Vec<Notification> {
        store::notifications::of_incident(&mut self.store.read().await.unwrap(), incident).await.unwrap()
    }

    /// Waits until everything that was delivered is settled.
    pub(crate) async fn drained(&self) {
        self.broker.drained().await;
    }

    pub(crate) fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    pub(crate) async fn stopped(&self) {
        let stopped = async {
            while !self.worker.is_finished() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), stopped).await.expect("the worker stops");
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        for worker in self.more.into_iter().chain([self.worker]) {
            worker.await.expect("the worker does not panic").expect("the worker stops in order");
        }
    }

    fn queue(&self) -> Queue {
        Queue::InProcess(self.broker.clone())
    }

    fn destination(&self) -> Destination {
        Destination::Runs("default".parse().unwrap())
    }
}

fn work(
    store: &Store,
    broker: &InProcess,
    outbound: &outbound::Config,
    config: worker::Config,
    shutdown: &CancellationToken,
) -> JoinHandle<Result<(), worker::Error>> {
    tokio::spawn(worker::run(
        store.clone(),
        Queue::InProcess(broker.clone()),
        outbound::Outbound::new(outbound.clone()),
        Arc::new(SystemClock),
        config,
        shutdown.clone(),
    ))
}
