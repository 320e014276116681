//! What people do meanwhile: they change schedules, switch monitors off and on, save new versions, press the button,
//! make monitors and delete them. What was answered is remembered: it has to be there in the end.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::bail;
use http::{Method, StatusCode};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    diary::Diary,
    documents::{self, CHANNELS, Places, Wanted, collection_id, monitor_id},
    web::ask,
};

/// How long an answer is waited for; longer than that, nobody knows what became of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the API has said yes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Promised {
    /// Names of monitors as they were saved.
    pub(crate) monitors: Vec<String>,
    /// Runs that were started by hand.
    pub(crate) runs: Vec<String>,
    /// Slugs of monitors that were deleted.
    pub(crate) deleted: Vec<String>,
    /// Requests without an answer, or with one that is an error of the server.
    pub(crate) unanswered: usize,
    /// Answers that no server should give.
    pub(crate) refused: Vec<String>,
}

/// Whoever edits.
#[derive(Debug)]
pub(crate) struct Editor {
    port: u16,
    diary: Diary,
    promised: Mutex<Promised>,
}

impl Editor {
    /// Edits over the API at this port.
    pub(crate) fn new(port: u16, diary: Diary) -> Self {
        Self { port, diary, promised: Mutex::default() }
    }

    /// What was answered so far.
    pub(crate) fn promised(&self) -> Promised {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Saves everything that the fleet watches.
    pub(crate) async fn begin(&self, places: Places, monitors: usize) -> anyhow::Result<()> {
        self.insist(Method::PUT, "/v1/environments/chaos", Some(&documents::environment(places))).await?;
        for id in CHANNELS {
            let document = documents::channel(id, places);
            self.insist(Method::PUT, &format!("/v1/channels/{id}"), Some(&document)).await?;
        }
        for number in 0..monitors {
            let path = format!("/v1/collections/{}", collection_id(number));
            self.insist(Method::PUT, &path, Some(&documents::collection(number, 0))).await?;
        }
        for number in 0..monitors {
            self.settle(&Wanted::first(number)).await?;
        }
        Ok(())
    }

    /// Saves a monitor, however often it takes.
    pub(crate) async fn settle(&self, wanted: &Wanted) -> anyhow::Result<()> {
        let id = monitor_id(wanted.number);
        let document = wanted.document(&id);
        self.insist(Method::PUT, &format!("/v1/monitors/{id}"), Some(&document)).await?;
        self.promise(|promised| promised.monitors.push(name(&document)));
        Ok(())
    }

    /// Deletes a monitor, however often it takes.
    pub(crate) async fn remove(&self, slug: &str) -> anyhow::Result<()> {
        self.insist(Method::DELETE, &format!("/v1/monitors/{slug}"), None).await
    }

    async fn insist(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            match ask(self.port, method.clone(), path, body, PATIENCE).await {
                Ok((status, _)) if status.is_success() => return Ok(()),
                // An answer that got lost had done it.
                Ok((StatusCode::NOT_FOUND, _)) if method == Method::DELETE => return Ok(()),
                Ok((status, body)) if status.is_client_error() => bail!("{path}: {status} {body}"),
                Ok(_) | Err(_) if began.elapsed() < Duration::from_secs(90) => {
                    sleep(Duration::from_millis(500)).await;
                }
                Ok((status, body)) => bail!("{path}: {status} {body}"),
                Err(error) => return Err(error.context(path.to_owned())),
            }
        }
    }

    fn promise(&self, note: impl FnOnce(&mut Promised)) {
        note(&mut self.promised.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What the server said yes to.
    async fn once(&self, method: Method, path: &str, body: Option<&Value>) -> Option<Value> {
        match ask(self.port, method, path, body, PATIENCE).await {
            Ok((status, body)) if status.is_success() => Some(body),
            // What another edit has deleted before; the server's own failures are what chaos is.
            Ok((status, body)) => {
                let expected = status.is_server_error() || status == StatusCode::NOT_FOUND;
                self.promise(|promised| {
                    promised.unanswered += 1;
                    if !expected {
                        promised.refused.push(format!("{path}: {status} {body}"));
                    }
                });
                None
            }
            Err(_) => {
                self.promise(|promised| promised.unanswered += 1);
                None
            }
        }
    }

    /// Edits again and again until it is aborted, one thing at a time. Answers nothing: see [`Editor::promised`].
    pub(crate) async fn go_on(self: Arc<Self>, monitors: usize, seed: u64) {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut wanted: Vec<Wanted> = (0..monitors).map(Wanted::first).collect();
        for edition in 1.. {
            sleep(Duration::from_millis(dice.random_range(300..1_500))).await;
            let number = dice.random_range(0..monitors);
            match dice.random_range(0..10) {
                0..3 => self.change(&mut wanted[number], edition, dice.random_range(1..=5)).await,
                3..5 => self.switch(&mut wanted[number], edition).await,
                5..7 => self.save_version(number, edition).await,
                7..9 => self.press(number).await,
                _ => self.make_and_delete(number, edition, dice.random_range(1_000..5_000)).await,
            }
        }
    }

    async fn change(&self, wanted: &mut Wanted, edition: usize, every_s: u64) {
        *wanted = Wanted { every_s, edition, ..wanted.clone() };
        self.diary.note("edit", &format!("{} is due every {every_s} s", monitor_id(wanted.number)));
        self.save(&monitor_id(wanted.number), wanted).await;
    }

    async fn switch(&self, wanted: &mut Wanted, edition: usize) {
        *wanted = Wanted { enabled: !wanted.enabled, edition, ..wanted.clone() };
        self.diary.note("edit", &format!("{} is enabled: {}", monitor_id(wanted.number), wanted.enabled));
        self.save(&monitor_id(wanted.number), wanted).await;
    }

    async fn save(&self, id: &str, wanted: &Wanted) -> bool {
        let document = wanted.document(id);
        let saved = self.once(Method::PUT, &format!("/v1/monitors/{id}"), Some(&document)).await.is_some();
        if saved {
            self.promise(|promised| promised.monitors.push(name(&document)));
        }
        saved
    }

    async fn save_version(&self, number: usize, edition: usize) {
        self.diary.note("edit", &format!("{} has another version", collection_id(number)));
        let path = format!("/v1/collections/{}", collection_id(number));
        self.once(Method::PUT, &path, Some(&documents::collection(number, edition))).await;
    }

    async fn press(&self, number: usize) {
        // A collection by itself: such runs belong to no monitor and say nothing about its incidents.
        let path = format!("/v1/collections/{}/run", collection_id(number));
        self.diary.note("manual run", &collection_id(number));
        let started = self.once(Method::POST, &path, None).await;
        if let Some(run) = started.as_ref().and_then(|run| run["id"].as_str()) {
            self.promise(|promised| promised.runs.push(run.to_owned()));
        }
    }

    async fn make_and_delete(&self, number: usize, edition: usize, lifetime_ms: u64) {
        let id = format!("t-{edition}");
        self.diary.note("edit", &format!("{id} comes and goes"));
        if !self.save(&id, &Wanted { edition, ..Wanted::first(number) }).await {
            return;
        }
        sleep(Duration::from_millis(lifetime_ms)).await;
        if self.once(Method::DELETE, &format!("/v1/monitors/{id}"), None).await.is_some() {
            self.promise(|promised| promised.deleted.push(id));
        }
    }
}

fn name(document: &Value) -> String {
    document["name"].as_str().unwrap_or_default().to_owned()
}
