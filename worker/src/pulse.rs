//! Whether this process has been running: a worker that was frozen (a machine that sleeps, moves, or swaps) finds its
//! requests timed out when it goes on, and must not blame their targets for that (I10).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{outcome::ReasonCode, result::RunResult};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::excuse::{blame_us, failed_only_by, wants_network};

/// Between two beats.
const BEAT: Duration = Duration::from_millis(250);
/// A beat that comes this much late was held up: by less, a time-out of seconds is still the target's.
const HELD_UP: Duration = Duration::from_secs(1);

/// A heart that knows when it stood still. Clones share it.
#[derive(Clone)]
pub(crate) struct Pulse(Arc<Mutex<Beats>>);

struct Beats {
    last: Instant,
    /// When it went on after it had stood still last.
    went_on: Option<Instant>,
}

impl Pulse {
    /// Beats until `stop`.
    pub(crate) fn start(stop: CancellationToken) -> Self {
        let pulse = Self(Arc::new(Mutex::new(Beats { last: Instant::now(), went_on: None })));
        let beating = pulse.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                sleep(BEAT).await;
                beating.beat();
            }
        }));
        pulse
    }

    fn beat(&self) {
        let mut beats = self.beats();
        let now = Instant::now();
        if now - beats.last > BEAT + HELD_UP {
            let held_up_ms = (now - beats.last).as_millis();
            tracing::warn!(
                held_up_ms,
                "the worker stood still; runs that timed out meanwhile are inconclusive"
            );
            beats.went_on = Some(now);
        }
        beats.last = now;
    }

    /// Whether it stood still at some time since an instant; also when it goes on only now.
    fn stood_still_since(&self, since: Instant) -> bool {
        // Whoever asks may have gone on before the beat has.
        self.beat();
        self.beats().went_on.is_some_and(|went_on| went_on >= since)
    }

    /// The result, inconclusive when it failed for want of time while the worker stood still.
    pub(crate) fn excuse(&self, result: RunResult, since: Instant) -> RunResult {
        let for_want_of_time = |code| code == ReasonCode::PollTimeout || wants_network(code);
        if !failed_only_by(&result, for_want_of_time) || !self.stood_still_since(since) {
            return result;
        }
        blame_us(result, ReasonCode::WorkerPaused, "the worker stood still meanwhile")
    }

    fn beats(&self) -> std::sync::MutexGuard<'_, Beats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::outcome::{Outcome, Reason};
    use tokio::time::advance;

    use super::*;

    fn failed(code: ReasonCode) -> RunResult {
        let reason = Some(Reason::new(code, "it failed"));
        RunResult {
            outcome: Outcome::Failed,
            reason,
            duration_ms: 1.0,
            set_ups: Vec::new(),
            steps: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// A run that fails with this after the worker stood still for so long.
    async fn after(stand_still: Duration, code: ReasonCode) -> (Outcome, ReasonCode) {
        let pulse = Pulse::start(CancellationToken::new());
        sleep(BEAT * 4).await;
        let since = Instant::now();
        // Time passes and nobody gets a turn, as when a process is frozen.
        advance(stand_still).await;
        let result = pulse.excuse(failed(code), since);
        (result.outcome, result.reason.unwrap().code)
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_out_of_a_worker_that_stood_still_is_not_the_target_s() {
        let frozen = Duration::from_secs(5);
        assert_eq!(
            after(frozen, ReasonCode::Timeout).await,
            (Outcome::Inconclusive, ReasonCode::WorkerPaused)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_target_answered_stays_its_own() {
        let frozen = Duration::from_secs(5);
        assert_eq!(after(frozen, ReasonCode::BadStatus).await, (Outcome::Failed, ReasonCode::BadStatus));
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_hiccup_excuses_nothing() {
        let hiccup = Duration::from_millis(900);
        assert_eq!(after(hiccup, ReasonCode::Timeout).await, (Outcome::Failed, ReasonCode::Timeout));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stand_still_before_the_run_excuses_nothing() {
        let pulse = Pulse::start(CancellationToken::new());
        advance(Duration::from_secs(5)).await;
        sleep(BEAT * 4).await;
        let result = pulse.excuse(failed(ReasonCode::Timeout), Instant::now());
        assert_eq!(result.outcome, Outcome::Failed);
    }
}
