//! Keeps the newest notifications that were posted to the demo, so that one can see what a channel receives.

use std::collections::{BTreeMap, VecDeque};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Demo, lock};

/// How many are kept.
const KEPT: usize = 50;

/// One notification as it came.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Received {
    /// Counted from 1, so that a reader sees whether any were dropped.
    number: u64,
    received_at: DateTime<Utc>,
    headers: BTreeMap<String, String>,
    /// As JSON where it is JSON, else as text.
    body: Value,
}

/// The newest notifications.
#[derive(Debug, Default)]
pub(super) struct Sink {
    count: u64,
    kept: VecDeque<Received>,
}

impl Sink {
    fn keep(&mut self, received_at: DateTime<Utc>, headers: BTreeMap<String, String>, body: Value) {
        self.count += 1;
        self.kept.push_front(Received { number: self.count, received_at, headers, body });
        self.kept.truncate(KEPT);
    }
}

/// `POST /sink`.
pub(super) async fn receive(State(demo): State<Demo>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    lock(&demo.sink).keep(demo.clock.now(), headers, body);
    StatusCode::NO_CONTENT
}

/// `GET /sink`: newest first.
pub(super) async fn list(State(demo): State<Demo>) -> Json<Value> {
    let sink = lock(&demo.sink);
    Json(json!({ "count": sink.count, "data": sink.kept }))
}

/// `DELETE /sink`.
pub(super) async fn clear(State(demo): State<Demo>) -> StatusCode {
    *lock(&demo.sink) = Sink::default();
    StatusCode::NO_CONTENT
}
