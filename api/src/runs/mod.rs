//! Runs: looking at them, starting them, stopping them.

mod looking;
mod starting;
mod stopping;

use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    id::RunId,
    outcome::{Outcome, Reason, RunState, Trigger},
    result::{RowResult, SetUpResult, StepResult},
    run,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    operation::Operation,
    query::{List, Paging},
    refusal::Code,
};

/// One execution of one collection.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Run {
    id: RunId,
    /// The collection's id, also after it has gone.
    collection: Slug,
    /// The collection's `revision` that was current when the run came into being.
    collection_version: u32,
    /// The monitor's id, also after it has gone; null when no monitor brought it into being.
    monitor: Option<Slug>,
    /// Whose variables and secrets it sees.
    environment: Option<Slug>,
    /// Where it executes.
    location: Slug,
    trigger: Trigger,
    state: RunState,
    /// Null until it is finished, never changed after.
    outcome: Option<Outcome>,
    /// Why, unless it passed.
    reason: Option<Reason>,
    /// How often a worker took it.
    attempt: u32,
    /// The slot for scheduled runs, the request's instant for others.
    due_at: DateTime<Utc>,
    /// The slot; null unless scheduled.
    slot_at: Option<DateTime<Utc>>,
    /// When a worker took it last.
    started_at: Option<DateTime<Utc>>,
    /// When it reached its outcome.
    finished_at: Option<DateTime<Utc>>,
    /// Whether it fell into a maintenance window: then it moves no incident.
    in_maintenance: bool,
}

/// A run with what was found out.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunWithSteps {
    #[serde(flatten)]
    run: Run,
    /// From the first request to the last answer; null without a result.
    duration_ms: Option<f64>,
    /// The shared set-ups that it asked for, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    set_ups: Vec<SetUpResult>,
    /// One per step of the collection, in order; empty without a result, and for a collection with `each`.
    steps: Vec<StepResult>,
    /// One per row of `each`, in order, with the steps as they ran for it; absent for a collection without `each`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<RowResult>,
}

impl From<run::Run> for Run {
    fn from(run: run::Run) -> Self {
        Self {
            id: run.id,
            collection: run.collection.slug,
            collection_version: run.collection.version,
            monitor: run.monitor.map(|monitor| monitor.slug),
            environment: run.environment,
            location: run.location,
            trigger: run.trigger,
            state: run.state,
            outcome: run.outcome,
            reason: run.reason,
            attempt: run.attempt,
            due_at: run.due_at,
            slot_at: run.slot_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            in_maintenance: run.in_maintenance,
        }
    }
}

/// All operations on runs.
pub(crate) fn operations() -> [Operation; 5] {
    const TAG: &str = "runs";
    [
        Operation::new(Method::GET, "/v1/runs", "listRuns", looking::list)
            .about(TAG, "Runs, newest first")
            .query::<looking::Wanted>()
            .query::<Paging>()
            .answer(StatusCode::OK, "One page.", |schemas| schemas.answer::<List<Run>>())
            .refuses([Code::InvalidQuery]),
        Operation::new(Method::GET, "/v1/runs/{id}", "getRun", looking::get)
            .about(TAG, "One run, with its steps")
            .answer(StatusCode::OK, "The run.", |schemas| schemas.answer::<RunWithSteps>())
            .refuses([Code::NotFound]),
        Operation::new(Method::POST, "/v1/runs/{id}/cancel", "cancelRun", stopping::cancel)
            .about(TAG, "Stop a run")
            .answer(StatusCode::OK, "It had not begun and is over now.", |schemas| schemas.answer::<Run>())
            .answer(StatusCode::ACCEPTED, "Its worker will hear of it.", |schemas| schemas.answer::<Run>())
            .refuses([Code::NotFound, Code::AlreadyFinished]),
        Operation::new(Method::POST, "/v1/collections/{id}/run", "runCollection", starting::run_collection)
            .about(TAG, "Run a collection now")
            .optional_body(|schemas| schemas.read::<starting::Wish>())
            .answer_with_location(StatusCode::ACCEPTED, "It is queued.", |schemas| schemas.answer::<Run>())
            .refuses([Code::NotFound, Code::InvalidRequest]),
        Operation::new(Method::POST, "/v1/monitors/{id}/run", "runMonitor", starting::run_monitor)
            .about(TAG, "Run all collections of a monitor now, at all its locations")
            .answer(StatusCode::ACCEPTED, "They are queued.", |schemas| schemas.answer::<starting::Started>())
            .refuses([Code::NotFound]),
    ]
}
