//! Shared set-ups: a collection that is run once for all runs that use it, which then read what it captured. What a run
//! asks for, what it is given, and the rule by which those who ask agree on who runs it. Where that is kept is the
//! business of whoever keeps it: the store for a fleet, memory for the command line.
//!
//! | what is there                                              | next  |
//! |------------------------------------------------------------|-------|
//! | captures, young enough, newer than those that were refused | Take  |
//! | else: a failure that is kept still                         | Fail  |
//! | else: somebody fetches                                     | Wait  |
//! | else                                                       | Fetch |

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::{
    document::Slug,
    id::RunId,
    outcome::{Outcome, Reason, ReasonCode},
    result::{RunResult, StepResult},
};

/// How long a failure is everybody's: a login that fails is not asked again by each of those who need it.
pub const FAILURE_KEPT: TimeDelta = TimeDelta::seconds(5);

/// What a run asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The collection.
    pub set_up: Slug,
    /// How old what it captured may be.
    pub ttl: Duration,
    /// The generation that the target refused.
    pub newer_than: Option<u32>,
}

/// One run of a set-up.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// The run that needed it first.
    pub by: RunId,
    /// When it was over.
    pub at: DateTime<Utc>,
    /// What was done, masked; only that run is told.
    pub steps: Vec<StepResult>,
}

impl Fetch {
    /// What a run of a set-up that is over comes to.
    ///
    /// # Errors
    /// It did not pass.
    pub fn of(result: RunResult, by: RunId, at: DateTime<Utc>) -> Result<Self, Failed> {
        let fetch = Self { by, at, steps: result.steps };
        match result.outcome {
            Outcome::Passed | Outcome::Degraded => Ok(fetch),
            outcome => {
                let unknown = || Reason::new(ReasonCode::Internal, "it did not pass, and does not say why");
                let reason = result.reason.unwrap_or_else(unknown);
                let outcome =
                    if outcome == Outcome::Failed { Outcome::Failed } else { Outcome::Inconclusive };
                Err(Failed { outcome, reason, fetch: Some(Box::new(fetch)) })
            }
        }
    }

    /// As all others are told of it.
    #[must_use]
    pub fn without_steps(self) -> Self {
        Self { steps: Vec::new(), ..self }
    }
}

/// What a set-up gives. It does not print.
#[derive(Clone, PartialEq)]
pub struct Ready {
    /// By name.
    pub captures: Map<String, Value>,
    /// Counted from 1: one more with every fetch.
    pub generation: u32,
    /// Where they are from.
    pub fetch: Fetch,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Why a set-up gives nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// Failed, or inconclusive when the blame is ours.
    pub outcome: Outcome,
    /// As it says itself.
    pub reason: Reason,
    /// The run of it that failed; `None` when it could not be run at all.
    pub fetch: Option<Box<Fetch>>,
}

impl Failed {
    /// It could not be run: the blame is ours.
    #[must_use]
    pub fn not_runnable(message: impl Into<String>) -> Self {
        let reason = Reason::new(ReasonCode::NotRunnable, message);
        Self { outcome: Outcome::Inconclusive, reason, fetch: None }
    }

    /// Why a run fails that needs the set-up.
    #[must_use]
    pub fn reason_for_users(&self, set_up: &Slug) -> Reason {
        let what = if self.outcome == Outcome::Failed { "failed" } else { "could not be run" };
        let step = self.reason.step.iter().map(|step| format!(" at step `{step}`")).collect::<String>();
        let message = format!("the shared set-up `{set_up}` {what}{step}: {}", self.reason.message);
        Reason::new(ReasonCode::SetUpFailed, message).caused_by(set_up)
    }
}

/// Captures that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Counted from 1.
    pub generation: u32,
    /// Their age counts from here.
    pub fetched_at: DateTime<Utc>,
}

/// Fetches that failed since the last one that did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// In a row.
    pub count: u32,
    /// The last one.
    pub at: DateTime<Utc>,
}

/// Where a set-up stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What was captured last.
    pub kept: Option<Kept>,
    /// What has gone wrong since.
    pub failures: Option<Failures>,
    /// Until when it is somebody's to fetch.
    pub fetching_until: Option<DateTime<Utc>>,
}

/// Which kept failures count for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// All.
    Any,
    /// Those of a set-up that failed twice in a row: for a confirmation, which has to look again before it believes. The
    /// first of many confirmations looks for all of them.
    Repeated,
}

/// What a run that asks does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Takes the captures.
    Take,
    /// Fails for the kept failure.
    Fail,
    /// Looks again in a moment.
    Wait,
    /// Runs the set-up, for all.
    Fetch,
}

impl Standing {
    /// The table above.
    #[must_use]
    pub fn next(&self, ask: &Ask, belief: Belief, now: DateTime<Utc>) -> Next {
        if self.kept.is_some_and(|kept| kept.serves(ask, now)) {
            return Next::Take;
        }
        let enough = |failures: Failures| belief == Belief::Any || failures.count > 1;
        if self.failures.is_some_and(|failures| now < failures.at + FAILURE_KEPT && enough(failures)) {
            return Next::Fail;
        }
        if self.fetching_until.is_some_and(|until| now < until) { Next::Wait } else { Next::Fetch }
    }
}

impl Kept {
    fn serves(&self, ask: &Ask, now: DateTime<Utc>) -> bool {
        let ttl = TimeDelta::from_std(ask.ttl).unwrap_or(TimeDelta::MAX);
        let young = now.signed_duration_since(self.fetched_at) < ttl;
        young && ask.newer_than.is_none_or(|refused| self.generation > refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn ask(ttl: u64, newer_than: Option<u32>) -> Ask {
        Ask { set_up: "login".parse().unwrap(), ttl: Duration::from_secs(ttl), newer_than }
    }

    fn kept(generation: u32) -> Standing {
        Standing { kept: Some(Kept { generation, fetched_at: at(0) }), ..Standing::default() }
    }

    #[test]
    fn each_asker_judges_the_age_by_its_own_ttl() {
        let there = kept(1);
        assert_eq!(there.next(&ask(60, None), Belief::Any, at(59)), Next::Take);
        assert_eq!(there.next(&ask(60, None), Belief::Any, at(60)), Next::Fetch);
        assert_eq!(there.next(&ask(90, None), Belief::Any, at(60)), Next::Take);
    }

    #[test]
    fn what_was_refused_is_fetched_anew_once_for_all() {
        assert_eq!(kept(3).next(&ask(60, Some(3)), Belief::Any, at(1)), Next::Fetch);
        assert_eq!(kept(4).next(&ask(60, Some(3)), Belief::Any, at(1)), Next::Take, "somebody was faster");
    }

    #[test]
    fn a_failure_is_everybody_s_for_a_while_and_old_captures_serve_whoever_was_not_refused() {
        let failures = Some(Failures { count: 1, at: at(10) });
        let broken = Standing { failures, ..Standing::default() };
        assert_eq!(broken.next(&ask(60, None), Belief::Any, at(14)), Next::Fail);
        assert_eq!(broken.next(&ask(60, None), Belief::Any, at(15)), Next::Fetch);
        let half = Standing { failures, ..kept(1) };
        assert_eq!(half.next(&ask(60, None), Belief::Any, at(11)), Next::Take);
        assert_eq!(half.next(&ask(60, Some(1)), Belief::Any, at(11)), Next::Fail);
    }

    #[test]
    fn a_confirmation_believes_what_failed_twice() {
        let failed =
            |count| Standing { failures: Some(Failures { count, at: at(10) }), ..Standing::default() };
        assert_eq!(failed(1).next(&ask(60, None), Belief::Repeated, at(11)), Next::Fetch);
        assert_eq!(failed(2).next(&ask(60, None), Belief::Repeated, at(11)), Next::Fail);
    }

    #[test]
    fn one_fetches_and_the_others_wait_until_it_is_over_or_lost() {
        let busy = Standing { fetching_until: Some(at(10)), ..Standing::default() };
        assert_eq!(busy.next(&ask(60, None), Belief::Any, at(9)), Next::Wait);
        assert_eq!(busy.next(&ask(60, None), Belief::Any, at(10)), Next::Fetch);
    }
}
