//! A fleet, and hands for what a test does to it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    clock::{Clock, MockClock},
    document::{Collection, Slug, Span},
    id::RunId,
    outcome::{Outcome, ReasonCode, RunState},
    run::Run,
};
use queue::{Destination, Queue};
use scheduler::{Turn, reap, relay, tick};
use serde_json::{Value, json};
use store::{Page, Store, Topic, collections, gaps, gaps::Gap, monitors, results, runs};
use tokio::{runtime::Runtime, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    ground::{Form, Ground},
    target::Target,
};

/// When every test begins: a whole minute, and no Sunday.
const START: &str = "2026-01-01T00:00:00Z";
/// What a test waits for things that happen at once; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a test of each function, on PostgreSQL and RabbitMQ: for what cannot happen inside one process.
macro_rules! on_fleet {
    ($($name:ident)*) => {$(
        mod $name {
            use crate::{ground::Form, harness::on};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn fleet() {
                on(Form::Fleet, |fleet| Box::pin(super::$name(fleet))).await;
            }
        }
    )*};
}
pub(crate) use on_fleet;

/// Makes two tests of each function.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            use crate::{ground::Form, harness::on};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                on(Form::Embedded, |fleet| Box::pin(super::$name(fleet))).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn fleet() {
                on(Form::Fleet, |fleet| Box::pin(super::$name(fleet))).await;
            }
        }
    )*};
}
pub(crate) use on_both;

/// Schedulers' duties, done when the test says so, and workers.
pub(crate) struct Fleet {
    ground: Ground,
    pub(crate) target: Target,
    clock: MockClock,
}

/// A worker. In the fleet it has a database connection and a runtime of its own, so that it can be killed as a process
/// can.
pub(crate) struct Worker {
    runtime: Option<Runtime>,
    running: JoinHandle<Result<(), worker::Error>>,
    shutdown: CancellationToken,
}

/// Runs a test, and fails it when rows or messages are left over.
pub(crate) async fn on(
    form: Form,
    test: impl for<'f> FnOnce(&'f mut Fleet) -> futures_util::future::BoxFuture<'f, ()>,
) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = MockClock::at(START.parse().unwrap());
    let mut fleet = Fleet { ground: Ground::new(form, &clock).await, target: Target::start().await, clock };
    let ended = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test(&mut fleet))).await;
    let left_over = if ended.is_ok() { fleet.left_over().await } else { Vec::new() };
    fleet.ground.remove().await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed);
    }
    assert!(left_over.is_empty(), "the test leaves something over: {left_over:?}");
}

impl Fleet {
    pub(crate) fn store(&self) -> &Store {
        &self.ground.store
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.ground.queue
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A worker that lives through more than its lease's time to live at once loses the lease, and hands back what it
    /// took in the meantime: tests that pass so much begin their workers afterwards.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) async fn lose_all_messages(&mut self) {
        self.ground.lose_all_messages().await;
        self.declare().await;
    }

    /// A monitor `shop`, every five seconds, of one collection of one request.
    pub(crate) async fn watch(&self, method: &str, path: &str, more: Value) {
        self.watch_rows(json!([]), method, path, more).await;
    }

    /// The same of a request that is made for every row.
    pub(crate) async fn watch_rows(&self, each: Value, method: &str, path: &str, more: Value) {
        let request = json!({ "method": method, "url": self.target.url(path) });
        let mut collection = json!({ "id": "shop", "steps": [{ "id": "ask", "request": request }] });
        if each != json!([]) {
            collection["each"] = each;
        }
        let mut monitor = json!({ "id": "shop", "collections": ["shop"], "schedule": { "every": "5s" } });
        monitor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.save(vec![collection], monitor).await;
    }

    /// A monitor of that many collections, which all use one set-up: it logs in at `login`, and they ask for what it captured.
    pub(crate) async fn watch_users(&self, count: usize, login: &str) {
        let login = json!({ "method": "POST", "url": self.target.url(login) });
        let set_up = json!({ "id": "login", "steps": [
            { "id": "post", "request": login, "capture": { "order": "body.order" } },
        ] });
        let url = self.target.url("/orders/@{{login.captures.order}}");
        let user = |number: usize| {
            json!({ "id": format!("user-{number}"), "uses": [{ "collection": "login" }], "steps": [
                { "id": "ask", "request": { "url": url } },
            ] })
        };
        let ids: Vec<_> = (0..count).map(|number| format!("user-{number}")).collect();
        let monitor = json!({ "id": "shop", "collections": ids, "schedule": { "every": "1h" } });
        self.save([set_up].into_iter().chain((0..count).map(user)).collect(), monitor).await;
    }

    async fn save(&self, collections: Vec<Value>, monitor: Value) {
        let collections: Vec<Collection> =
            collections.into_iter().map(|one| serde_json::from_value(one).unwrap()).collect();
        let (monitor, now) = (serde_json::from_value(monitor).unwrap(), self.now());
        let saved = self.store().write(move |conn| {
            Box::pin(async move {
                for collection in &collections {
                    collections::replace(conn, collection, now).await?;
                }
                monitors::replace(conn, &monitor, now).await
            })
        });
        saved.await.unwrap();
        self.declare().await;
    }

    async fn declare(&self) {
        self.queue().declare(&destination()).await.unwrap();
    }

    pub(crate) async fn tick(&self) {
        while tick::once(self.store()).await.unwrap() == Turn::More {}
    }

    pub(crate) async fn relay(&self) {
        while relay::runs(self.store(), self.queue()).await.unwrap() == Turn::More {}
    }

    pub(crate) async fn reap(&self) {
        while reap::once(self.store()).await.unwrap() == Turn::More {}
    }

    /// What schedulers do all the time.
    pub(crate) async fn schedule(&self) {
        self.tick().await;
        self.reap().await;
        self.relay().await;
    }

    pub(crate) async fn worker(&self) -> Worker {
        self.worker_with(worker::Config { slots: 4, ..worker::Config::default() }).await
    }

    /// One that hands its runs back at once when it is asked to stop.
    pub(crate) async fn hasty_worker(&self) -> Worker {
        let drain = Span(Duration::ZERO);
        self.worker_with(worker::Config { slots: 4, drain, ..worker::Config::default() }).await
    }

    async fn worker_with(&self, config: worker::Config) -> Worker {
        let outbound = serde_json::from_value(json!({ "allow": "127.0.0.0/8" })).unwrap();
        let outbound = outbound::Outbound::new(outbound);
        let shutdown = CancellationToken::new();
        let clock = Arc::new(self.clock.clone());
        let ground = self.ground.for_worker(clock.clone());
        let run = {
            let shutdown = shutdown.clone();
            async move {
                let (store, queue) = ground.await;
                worker::run(store, queue, outbound, clock, config, shutdown).await
            }
        };
        let (runtime, running) = if self.ground.form() == Form::Fleet {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
            let running = runtime.spawn(run);
            (Some(runtime), running)
        } else {
            (None, tokio::spawn(run))
        };
        Worker { runtime, running, shutdown }
    }

    /// All runs, the oldest first.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        let mut conn = self.store().read().await.unwrap();
        let mut runs = runs::list(&mut conn, &runs::Filter::default(), Page::first(100)).await.unwrap().data;
        runs.reverse();
        runs
    }

    /// How each row of a run ended.
    pub(crate) async fn rows(&self, run: RunId) -> Vec<Outcome> {
        let result = results::get(&mut self.store().read().await.unwrap(), run).await.unwrap();
        result.unwrap().rows.iter().map(|row| row.outcome).collect()
    }

    pub(crate) async fn gaps(&self) -> Vec<Gap> {
        let mut conn = self.store().read().await.unwrap();
        gaps::list(&mut conn, &"shop".parse().unwrap(), 100).await.unwrap()
    }

    /// Waits until that many runs are over, and answers how each of all ended.
    pub(crate) async fn ends(&self, finished: usize) -> Vec<Option<(Outcome, Option<ReasonCode>)>> {
        let mut news = self.store().listen(Topic::Results);
        let wait = async {
            loop {
                let runs = self.runs().await;
                if runs.iter().filter(|run| run.state == RunState::Finished).count() >= finished {
                    return runs.iter().map(end).collect();
                }
                // A hint; correctness rests on looking.
                let _ = timeout(Duration::from_millis(50), news.heard()).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("runs finish")
    }

    /// Waits until the target was asked for this that often.
    pub(crate) async fn asked(&self, request: &str, count: usize) {
        timeout(PATIENCE, self.target.asked(request, count)).await.expect("the target is asked");
    }

    /// Rows that are not finished, messages that no worker takes, and requests that the messages left over would send.
    async fn left_over(&self) -> Vec<String> {
        let runs = self.runs().await;
        let unfinished = runs.iter().filter(|run| run.state != RunState::Finished);
        let mut left: Vec<String> = unfinished.map(|run| format!("{run:?}")).collect();
        let asked = self.target.seen().len();
        let last = self.worker().await;
        let wait = async {
            while self.queue().depth(&destination()).await.unwrap().is_some_and(|depth| depth.ready > 0) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(PATIENCE, wait).await.is_err() {
            left.push("messages in the queue".to_owned());
        }
        last.stop().await;
        let sent = self.target.seen().split_off(asked);
        left.extend(sent.iter().map(|sent| format!("a request after the end: {sent:?}")));
        left
    }
}

impl Worker {
    /// Asks it to stop, as SIGTERM does.
    pub(crate) fn ask_to_stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn stopped(mut self) {
        timeout(PATIENCE, &mut self.running).await.expect("it ends").unwrap().unwrap();
        self.remove();
    }

    pub(crate) async fn stop(self) {
        self.ask_to_stop();
        self.stopped().await;
    }

    /// As a power cut would: nothing is finished, nothing is said.
    pub(crate) fn kill(mut self) {
        self.remove();
    }

    fn remove(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime cannot be dropped where it would block.
impl Drop for Worker {
    fn drop(&mut self) {
        self.remove();
    }
}

pub(crate) fn destination() -> Destination {
    Destination::Runs("default".parse::<Slug>().unwrap())
}

/// How a run ended and why.
fn end(run: &Run) -> Option<(Outcome, Option<ReasonCode>)> {
    run.outcome.map(|outcome| (outcome, run.reason.as_ref().map(|reason| reason.code)))
}

/// It passed.
pub(crate) const PASSED: Option<(Outcome, Option<ReasonCode>)> = Some((Outcome::Passed, None));
