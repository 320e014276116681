//! A collection compiled once: templates, assertions and captures ready to run. Immutable and shared by all runs of
//! one collection version. Compiling is also the check at save: it reports every problem with its pointer. Names that
//! only an environment knows are not its business (`document::check`).

mod auth;
mod body;
mod compile;
mod connection;
mod order;
mod request;
mod rows;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Map, Value};

pub use auth::AuthPlan;
pub use body::{BodyPlan, Content, PartPlan};
pub use connection::ConnectionPlan;
pub use request::{Rendered, RequestPlan};

use crate::{
    assertion::{Assertion, Condition},
    capture::Capture,
    document::{Backoff, Collection, RetryClass, RetryWhen, Use},
    problem::Problem,
    reference::Reference,
};

/// Of a run whose collection does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// A collection, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// The collection's name for people.
    pub name: String,
    /// The collection's own variables: the lowest layer.
    pub vars: Map<String, Value>,
    /// Of the whole run.
    pub timeout: Duration,
    /// The shared set-ups that are asked for before the first step.
    pub uses: Vec<Use>,
    /// The rows of `each`, objects all of them; empty when the collection has no `each` and its steps run once.
    pub rows: Vec<Value>,
    /// In order; never empty.
    pub steps: Vec<PlannedStep>,
    /// Every reference with the pointer of the text that it stands in.
    pub references: Vec<(String, Reference)>,
}

/// One step, ready to run.
#[derive(Debug)]
pub struct PlannedStep {
    /// What references name.
    pub id: String,
    /// For people.
    pub name: String,
    /// What is sent.
    pub request: RequestPlan,
    /// What must hold; empty means a status below 400.
    pub assertions: Vec<Assertion>,
    /// Names for values of the answer.
    pub captures: Vec<Capture>,
    /// When the same request is sent again after a bad try.
    pub retry: RetryPlan,
    /// Until when it is sent again.
    pub poll: Option<PollPlan>,
    /// All must hold, else the step is skipped.
    pub when: Vec<Condition>,
    /// Go on after a failure.
    pub continue_on_failure: bool,
    /// Clean-up.
    pub always: bool,
    /// Waits before the step.
    pub delay: Duration,
    /// Whether it may be sent again by another worker after a crash.
    pub repeatable: bool,
    /// Whether a later step refers to its answer.
    pub referenced: bool,
    /// Whether a later `always` step does: after a crash clean-up needs that answer.
    pub cleaned_up_after: bool,
}

/// When and how often a request is sent again.
#[derive(Debug, Clone)]
pub struct RetryPlan {
    /// Repeats, not requests.
    pub attempts: u32,
    backoff: Backoff,
    initial: Duration,
    max: Duration,
    when: Vec<RetryWhen>,
}

impl RetryPlan {
    /// How long to wait after the `tries`-th try (counted from 1).
    #[must_use]
    pub fn wait(&self, tries: u32) -> Duration {
        let factor = match self.backoff {
            Backoff::Fixed => 1,
            Backoff::Linear => tries,
            Backoff::Exponential => 2_u32.saturating_pow(tries.saturating_sub(1)),
        };
        self.initial.saturating_mul(factor).min(self.max)
    }

    /// Whether a cause of this class is worth another try.
    #[must_use]
    pub fn covers(&self, class: RetryClass) -> bool {
        self.when.contains(&RetryWhen::Class(class))
    }

    /// Whether this status is worth another try.
    #[must_use]
    pub fn covers_status(&self, status: u16) -> bool {
        self.when.contains(&RetryWhen::Status(status))
    }
}

/// Sends the same request until something holds.
#[derive(Debug)]
pub struct PollPlan {
    /// Between the end of one try and the next.
    pub every: Duration,
    /// Of all tries together.
    pub timeout: Duration,
    /// All must hold.
    pub until: Vec<Assertion>,
}

impl Plan {
    /// Compiles a collection.
    ///
    /// # Errors
    /// Every problem of every step: syntax of references, assertions and captures, and references to steps that are
    /// unknown, later, or the step itself. Pointers are relative to the document.
    pub fn compile(collection: &Collection) -> Result<Self, Vec<Problem>> {
        compile::collection(collection)
    }

    /// Whether there is clean-up to do, which a crash must not prevent.
    #[must_use]
    pub fn cleans_up(&self) -> bool {
        self.steps.iter().any(|step| step.always)
    }

    /// Whether it can be a shared set-up: one that is waited for by nothing but itself, and one run of its steps.
    #[must_use]
    pub fn can_be_shared(&self) -> bool {
        self.uses.is_empty() && self.rows.is_empty()
    }

    /// Whether all of it may be sent once more, just to be sure.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.steps.iter().all(|step| step.repeatable)
    }
}
