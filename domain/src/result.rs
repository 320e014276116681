//! What is kept of a run: every step, every attempt, every assertion with actual and expected. A failed check is a
//! value. These types are the packed row, the API's answer and `--reporter json`; masked before they are built.

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    document::Slug,
    id::RunId,
    outcome::{Outcome, Reason, ReasonCode, words},
};

/// The whole result of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, unless it passed.
    pub reason: Option<Reason>,
    /// From the first command to the last answer, clean-up included, in milliseconds.
    pub duration_ms: f64,
    /// The shared set-ups that the run asked for, in order; one that its target refused is there twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_ups: Vec<SetUpResult>,
    /// One per step of the collection, in order, also those that never ran (`skipped`). Empty for a collection with
    /// `each`: its rows have the steps.
    pub steps: Vec<StepResult>,
    /// One per row of `each`, in order, also those that never began (`skipped`); of a clean-up after a lost worker only the
    /// row that it had in hand. Absent for a collection without `each`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowResult>,
}

impl RunResult {
    /// The steps among which the reason's is: those of its row, if it names one.
    #[must_use]
    pub fn steps_of(&self, reason: &Reason) -> &[StepResult] {
        let Some(number) = reason.row else { return &self.steps };
        self.rows.iter().find(|row| row.index == number).map_or(&[], |row| &row.steps)
    }
}

/// The steps as they ran for one row of `each`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RowResult {
    /// Which row, counted from 1.
    pub index: u32,
    /// Its values, secrets masked; those of long rows are cut, to tell rows apart.
    pub values: Map<String, Value>,
    /// How it ended; `skipped` when it never began.
    pub outcome: Outcome,
    /// Why, unless it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Milliseconds after the run's start.
    pub started_ms: f64,
    /// From its first command to its last answer, clean-up included, in milliseconds.
    pub duration_ms: f64,
    /// One per step of the collection, in order, also those that never ran (`skipped`); empty when the row never began.
    pub steps: Vec<StepResult>,
}

/// Columns that a title names.
const TITLE_COLUMNS: usize = 3;
/// Characters of each value there.
const TITLE_CHARS: usize = 30;

impl RowResult {
    /// `row 2 (sku: B, amount: 5)`: its number, and its first values.
    #[must_use]
    pub fn title(&self) -> String {
        let values = self.values.iter().take(TITLE_COLUMNS);
        let values: Vec<_> = values.map(|(name, value)| format!("{name}: {}", in_title(value))).collect();
        let more = if self.values.len() > TITLE_COLUMNS { ", …" } else { "" };
        match values.is_empty() {
            true => format!("row {}", self.index),
            false => format!("row {} ({}{more})", self.index, values.join(", ")),
        }
    }
}

fn in_title(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(TITLE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A shared set-up, as a run was given it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetUpResult {
    /// Its collection.
    pub collection: Slug,
    /// `passed`, or how it failed.
    pub outcome: Outcome,
    /// Why, unless it passed; the step is one of the set-up's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The run that fetched it for all; null when it could not be run.
    pub fetched_by: Option<RunId>,
    /// When.
    pub fetched_at: Option<DateTime<Utc>>,
    /// What was done; only in the run that fetched it. What its steps captured is masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepResult>,
}

words! {
    /// How a step ended.
    StepOutcome {
        /// Every assertion held.
        Passed = "passed",
        /// A soft limit was crossed.
        Degraded = "degraded",
        /// The target broke its contract.
        Failed = "failed",
        /// We broke.
        Inconclusive = "inconclusive",
        /// It did not run: an earlier step failed, its `when` did not hold, or what it cleans up never came to be.
        Skipped = "skipped",
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// The step's id.
    pub id: String,
    /// The step's name, or its id.
    pub name: String,
    /// How it ended.
    pub outcome: StepOutcome,
    /// Why, unless it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Milliseconds after the run's start.
    pub started_ms: f64,
    /// Latency of the last attempt in milliseconds; null when there was no answer.
    pub latency_ms: Option<f64>,
    /// Every try and every poll, oldest first; the last one decides.
    pub attempts: Vec<Attempt>,
    /// Captured values; secret ones are masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub captures: BTreeMap<String, Value>,
}

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Milliseconds after the run's start.
    pub started_ms: f64,
    /// What was sent, masked.
    pub request: SentRequest,
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ReceivedResponse>,
    /// Why nothing usable came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// All assertions, in order; empty when nothing came back.
    pub assertions: Vec<AssertionResult>,
    /// Phase timings in milliseconds.
    pub timing: TimingView,
}

/// A request as it was sent, secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SentRequest {
    /// Method token.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// As text; capped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// An answer, secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceivedResponse {
    /// Status code.
    pub status: u16,
    /// `HTTP/1.1`, `HTTP/2`.
    pub http_version: Cow<'static, str>,
    /// The final URL.
    pub url: String,
    /// In order of arrival.
    pub headers: Vec<(String, String)>,
    /// Decompressed bytes received.
    pub size: u64,
    /// As text, capped; kept for steps that did not pass, dropped by the recorder otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether `body` is shorter than what came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub body_truncated: bool,
    /// How many redirects were followed.
    pub redirects: u16,
    /// Whom we talked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// `notAfter` of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_expires_at: Option<DateTime<Utc>>,
}

/// No usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureView {
    /// Stable code.
    pub code: ReasonCode,
    /// One sentence.
    pub message: String,
}

/// Phase timings in milliseconds; null for a phase that did not happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimingView {
    /// Name resolution.
    pub dns: Option<f64>,
    /// TCP connect.
    pub connect: Option<f64>,
    /// TLS handshake.
    pub tls: Option<f64>,
    /// Connection ready to response headers.
    pub first_byte: Option<f64>,
    /// Headers to the last byte.
    pub download: Option<f64>,
    /// All of it.
    pub total: f64,
}

words! {
    /// How an assertion ended.
    AssertionOutcome {
        /// It held.
        Passed = "passed",
        /// It did not hold, but only degrades the run (`severity: warning`, `degraded`).
        Degraded = "degraded",
        /// It did not hold.
        Failed = "failed",
    }
}

/// One comparison of one assertion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssertionResult {
    /// What was looked at, as written: `body.total`, `headers.content-type`, `jsonpath $.items[*].sku`.
    pub source: String,
    /// The comparison's name: `equals`, `gt`, …
    pub comparison: Cow<'static, str>,
    /// What was expected, references resolved.
    pub expected: Value,
    /// What was there; absent when the path was missing. Capped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
    /// How it ended.
    pub outcome: AssertionOutcome,
    /// Why it did not hold, in one sentence that needs no other: `expected the number 1, found the text "1"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
