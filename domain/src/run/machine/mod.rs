//! The run machine: takes an event, returns the next command. It holds no clock, client or logger; time arrives with
//! each event as the time since the run's start, randomness as a seed.
//!
//! | in                  | on                               | then                                                      |
//! |---------------------|----------------------------------|-----------------------------------------------------------|
//! | New                 | Started                          | SettingUp: each shared set-up is asked for                |
//! | SettingUp           | SetUpReady, no more to ask for   | Requesting(first step), or Waiting for its `delay`        |
//! | SettingUp           | SetUpFailed                      | Finished(Failed, or Inconclusive as the set-up was)       |
//! | Requesting          | 401 to what names a set-up, once | SettingUp: a newer one, then the step, rendered anew      |
//! | SettingUp for a step| SetUpFailed                      | Cleaning; Failed, or Inconclusive as the set-up was       |
//! | Requesting, Waiting | the request needs a token        | Authorizing: the token's request goes first               |
//! | Authorizing         | Responded with a token           | Requesting                                                |
//! | Authorizing         | no token, retry                  | Waiting, then the token's request again                   |
//! | Authorizing         | no token, no retry               | as a request that got no answer                           |
//! | Requesting          | Responded, passes, more steps    | Requesting(next step), or Waiting for its `delay`         |
//! | Requesting          | Responded, passes, last step     | Finished(Passed or Degraded)                              |
//! | any, Cleaning       | the last step of a row is over   | BetweenRows; after the last row Finished                  |
//! | BetweenRows         | CookiesForgotten                 | as New, for the next row of `each`                        |
//! | Requesting          | Responded, `poll.until` not true | Waiting, then the same request                            |
//! | Requesting          | Responded / Unreachable, retry   | Waiting, then the same request                            |
//! | Requesting          | Responded / Unreachable, no retry| next step (`continue_on_failure`) or Cleaning; Failed     |
//! | Requesting, Waiting | an earlier answer lacks a value  | Cleaning; Failed, the reference is named                  |
//! | Requesting, Waiting | a variable or secret is gone     | Cleaning; Inconclusive                                    |
//! | Requesting          | address denied by policy         | Cleaning; Inconclusive                                    |
//! | Waiting             | Woke                             | Requesting the same step                                  |
//! | any                 | DeadlinePassed                   | Cleaning with 15 s of its own; Failed                     |
//! | any                 | Cancelled                        | Cleaning with 15 s of its own; Cancelled                  |
//! | any                 | Abandoned                        | Cleaning with 15 s of its own; Inconclusive               |
//! | Cleaning            | DeadlinePassed                   | Finished with the verdict that led to it                  |
//! | New, resumed        | Started                          | SettingUp, then Cleaning with 15 s in all; Inconclusive   |
//! | SettingUp, resumed  | SetUpFailed                      | the next one; steps that need it are skipped              |
//!
//! With `each`, *Failed*, *Inconclusive* and *Degraded* are how a row ends, and the next one begins. After a deadline, a
//! cancel or an abandonment none begins any more.
//!
//! *Cleaning* is not a state of its own but a phase: the same states, over the `always` steps that have not begun.
//! Its failures are recorded and never change the verdict. It is not stopped: nobody tells it `Cancelled` or
//! `Abandoned`.
//!
//! What clean-up needs after a crash is a [`Checkpoint`](super::Checkpoint). One is due before a request is sent when,
//! since the last one,
//!
//! | this happened                                                   | because then a crash                             |
//! |-----------------------------------------------------------------|--------------------------------------------------|
//! | the first request that must not be repeated is about to be sent | does not start the run again, so clean-up is due |
//! | a step that clean-up refers to is about to be sent              | leaves it unknown what there is to clean up      |
//! | such a step was answered, or is over                            | would take along what there is to clean up       |
//! | an `always` step that must not be repeated is about to be sent  | leaves it unknown whether that was done          |
//! | such a step is over                                             | would make that look unknown                     |
//!
//! A machine that is resumed from one runs the `always` steps that had not begun, and those that may be repeated.

mod authorize;
mod resume;
mod rows;
mod set_up;
mod step;
mod verdict;

use std::{mem, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{
    answer::Answer,
    authorization::Tokens,
    exchange::{Failure, Request, Response},
    masking::Masker,
    outcome::{Outcome, Reason, ReasonCode},
    plan::{Plan, Rendered},
    result::{RunResult, SetUpResult},
    set_up::{Ask, Failed, Ready},
};

use super::{
    checkpoint::Progress,
    inputs::{Inputs, RunFacts},
    record::Records,
    scope::{Dice, RunScope},
};
use rows::Rows;
use set_up::Asking;
pub(super) use set_up::Shared;

/// Clean-up after a deadline or a cancel has this much time of its own.
pub const CLEANING_TIME: Duration = Duration::from_secs(15);
/// Requests that one run may send, retries and polls included.
pub const MAX_REQUESTS: u32 = 1_000;

/// What happened in the world.
#[derive(Debug)]
pub enum Event {
    /// A worker is ready to carry out commands.
    Started,
    /// The answer to the last [`Command::Send`].
    Responded(Box<Response>),
    /// There was no usable answer to the last [`Command::Send`].
    Unreachable(Box<Failure>),
    /// The time of the last [`Command::Wait`] is over.
    Woke,
    /// [`Command::ForgetCookies`] was carried out.
    CookiesForgotten,
    /// The set-up that the last [`Command::SetUp`] asked for.
    SetUpReady(Box<Ready>),
    /// Why there is none.
    SetUpFailed(Box<Failed>),
    /// [`Machine::deadline`] has come.
    DeadlinePassed,
    /// Somebody wants the run to stop.
    Cancelled,
    /// The worker cannot go on with it, and why: the blame is ours.
    Abandoned(Reason),
}

/// What is to be done next.
#[derive(Debug)]
pub enum Command {
    /// Send it, then report `Responded` or `Unreachable`.
    Send {
        /// Fully rendered.
        request: Arc<Request>,
        /// Whether another worker may send it again after a crash; if not, the durable marker comes first.
        repeatable: bool,
    },
    /// Get a shared set-up, then report `SetUpReady` or `SetUpFailed`.
    SetUp(Ask),
    /// Wait, then report `Woke`.
    Wait(Duration),
    /// Forget all cookies, for the next row of `each` is another visitor; then report `CookiesForgotten`.
    ForgetCookies,
    /// The run is over.
    Finish(Box<RunResult>),
}

/// Where the run waits for the world.
enum State {
    New,
    /// For a shared set-up.
    SettingUp(Asking),
    /// For the access token that the step's request needs.
    Authorizing(StepInHand),
    Requesting(StepInHand),
    Waiting(StepInHand),
    /// For the cookies of the last row to be forgotten; the next one is in hand.
    BetweenRows,
    Finished,
}

/// The step in hand.
struct StepInHand {
    index: usize,
    /// Rendered once; retries and polls send it again.
    rendered: Option<Rendered>,
    /// What was sent last: for the token, or with its authorization.
    sent: Option<Arc<Request>>,
    /// Tries since the last answer that was not a bad one.
    tries: u32,
    polling_since: Option<Duration>,
    sent_at: Duration,
}

/// One run of one plan.
pub struct Machine {
    plan: Arc<Plan>,
    inputs: Inputs,
    dice: Dice,
    masker: Masker,
    state: State,
    cleaning: bool,
    deadline: Duration,
    /// Set by the first thing that went wrong; with `each`, in the row in hand.
    verdict: Option<(Outcome, Reason)>,
    answers: Vec<Option<Answer>>,
    rows: Rows,
    /// Access tokens that are good for more than one step.
    tokens: Tokens,
    /// What `run.…` means in references.
    facts: RunFacts,
    /// What clean-up after a crash would have to know.
    progress: Progress,
    /// Whether a request that must not be repeated was about to be sent: until then a crash starts the run again.
    unsafe_begun: bool,
    /// Whether something has happened that the last checkpoint does not have.
    checkpoint_due: bool,
    /// Whether this is the clean-up after a run that was lost.
    resumed: bool,
    /// What there is of each shared set-up of the plan.
    set_ups: Vec<Shared>,
    set_up_results: Vec<SetUpResult>,
    /// What this run captures for others, if it is a set-up itself.
    captured: Option<Map<String, Value>>,
    records: Records,
    requests: u32,
    /// When the event in hand happened, since the start.
    at: Duration,
}

impl Machine {
    /// A run that has not started.
    #[must_use]
    pub fn new(plan: Arc<Plan>, inputs: Inputs) -> Self {
        let answers = plan.steps.iter().map(|_| None).collect();
        Self {
            dice: Dice::new(inputs.seed),
            masker: Masker::new(inputs.secrets.values()),
            state: State::New,
            cleaning: false,
            deadline: plan.timeout,
            verdict: None,
            answers,
            rows: Rows::default(),
            tokens: Tokens::default(),
            facts: inputs.facts.clone(),
            progress: Progress::default(),
            unsafe_begun: false,
            checkpoint_due: true,
            resumed: false,
            set_ups: plan.uses.iter().map(|_| Shared::default()).collect(),
            set_up_results: Vec::new(),
            captured: None,
            records: Records::default(),
            requests: 0,
            at: Duration::ZERO,
            plan,
            inputs,
        }
    }

    /// The time since the start at which [`Event::DeadlinePassed`] is due. It moves once, when cleaning begins.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Whether only clean-up steps are left. Then it is not to be stopped.
    #[must_use]
    pub fn is_cleaning(&self) -> bool {
        self.cleaning
    }

    /// Takes what happened `at` this much time after the start, and says what to do next.
    pub fn on(&mut self, event: Event, at: Duration) -> Command {
        self.at = at;
        match (mem::replace(&mut self.state, State::Finished), event) {
            (State::New, Event::Started) => self.begin_run(),
            (State::BetweenRows, Event::CookiesForgotten) => self.advance(0),
            (State::SettingUp(asking), Event::SetUpReady(ready)) => self.set_up_ready(asking, *ready),
            (State::SettingUp(asking), Event::SetUpFailed(failed)) => self.set_up_failed(asking, *failed),
            (State::Requesting(step), Event::Responded(response)) => self.responded(step, response),
            (State::Requesting(step), Event::Unreachable(failure)) => self.unreachable(step, &failure),
            (State::Authorizing(step), Event::Responded(response)) => self.authorized(step, *response),
            (State::Authorizing(step), Event::Unreachable(failure)) => self.no_token(step, *failure),
            (State::Waiting(step), Event::Woke) => self.send(step),
            (state, Event::DeadlinePassed) if !matches!(state, State::Finished) => {
                let reason = Reason::new(ReasonCode::DeadlinePassed, self.deadline_message());
                self.interrupted(state, Outcome::Failed, reason)
            }
            (state, Event::Cancelled) if self.is_stoppable(&state) => {
                let reason = Reason::new(ReasonCode::Cancelled, "the run was cancelled");
                self.interrupted(state, Outcome::Cancelled, reason)
            }
            (state, Event::Abandoned(reason)) if self.is_stoppable(&state) => {
                self.interrupted(state, Outcome::Inconclusive, reason)
            }
            (_, event) => {
                let message = format!("the run machine was told {event:?} when it did not expect that");
                let reason = Reason::new(ReasonCode::Internal, message);
                self.begin_no_more(&reason);
                self.blame(Outcome::Inconclusive, reason);
                self.finish()
            }
        }
    }

    fn is_stoppable(&self, state: &State) -> bool {
        !self.cleaning && !matches!(state, State::Finished)
    }

    fn scope(&self) -> RunScope<'_> {
        RunScope {
            plan: &self.plan,
            inputs: &self.inputs,
            facts: &self.facts,
            answers: &self.answers,
            row: self.plan.rows.get(self.rows.at),
            set_ups: &self.set_ups,
            dice: &self.dice,
            at: self.at,
        }
    }
}
