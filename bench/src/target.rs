//! The target: answers after a while, and remembers when the first request of each run arrived.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chaos::{
    clock::{self, Millis},
    web::{Answer, Asked, Handler},
};
use http::StatusCode;
use serde_json::json;
use tokio::time::sleep;

/// The server's state.
pub(crate) struct Target {
    latency: Duration,
    first: Mutex<HashMap<String, Millis>>,
}

impl Target {
    pub(crate) fn new(latency: Duration) -> Arc<Self> {
        Arc::new(Self { latency, first: Mutex::default() })
    }

    /// When the first request of each run arrived.
    pub(crate) fn first(&self) -> HashMap<String, Millis> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Handler for Target {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        if asked.path == "/login" {
            let run = asked.header("x-skopos-run-id").unwrap_or_default().to_owned();
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            first.entry(run).or_insert_with(clock::now);
        }
        if !self.latency.is_zero() {
            sleep(self.latency).await;
        }
        let body = json!({ "token": "t0k3n", "id": "c-17", "total": 19.5, "state": "open" });
        Some(Answer::of(StatusCode::OK, body))
    }
}
