//! Shared set-ups within one process: whoever needs one first runs it, the others wait for it and take what it captured.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    clock::Clock,
    document::Slug,
    id::RunId,
    plan::Plan,
    run::inputs::Inputs,
    set_up::{Ask, Belief, Failed, Failures, Fetch, Kept, Next, Ready, Standing},
};
use outbound::Outbound;
use tokio::{
    runtime::Handle,
    sync::{Mutex as Flight, OwnedMutexGuard},
};
use tokio_util::sync::CancellationToken;
use worker::runner::{self, Unguarded, share};

use super::Trial;

/// A collection, and the environment that it is run in.
type Place = (Slug, Option<Slug>);

/// What all runs of one invocation share. Clones are the same.
#[derive(Clone)]
pub(crate) struct SetUps {
    pub(super) outbound: Outbound,
    pub(super) clock: Arc<dyn Clock>,
    cancel: CancellationToken,
    /// Where fetches go on when whoever asked is gone.
    tasks: Handle,
    /// Whoever holds the lock of a place looks, and fetches if need be: one at a time.
    places: Arc<Mutex<HashMap<Place, Arc<Flight<There>>>>>,
}

/// What there is of one set-up.
#[derive(Default)]
struct There {
    ready: Option<Ready>,
    failed: Option<(Failed, Failures)>,
}

impl There {
    fn standing(&self) -> Standing {
        let kept = |ready: &Ready| Kept { generation: ready.generation, fetched_at: ready.fetch.at };
        let failures = self.failed.as_ref().map(|(_, failures)| *failures);
        Standing { kept: self.ready.as_ref().map(kept), failures, fetching_until: None }
    }
}

impl SetUps {
    /// A `cancel` ends what is being fetched, too. Fetches are tasks of the runtime in which this is called.
    pub(crate) fn new(outbound: Outbound, clock: Arc<dyn Clock>, cancel: CancellationToken) -> Self {
        Self { outbound, clock, cancel, tasks: Handle::current(), places: Arc::default() }
    }

    /// The set-ups of one run.
    pub(super) fn of<'t>(&'t self, trial: &'t Trial, run: RunId) -> Mine<'t> {
        Mine { all: self, trial, run }
    }

    fn place(&self, place: Place) -> Arc<Flight<There>> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(place).or_default().clone()
    }

    /// Runs it, and leaves what comes of it in its place.
    async fn fetch(
        self,
        plan: Arc<Plan>,
        inputs: Inputs,
        mut there: OwnedMutexGuard<There>,
    ) -> Result<Ready, Failed> {
        let by = inputs.facts.id;
        let ran = share(plan, inputs, self.outbound.session(), &mut Unguarded, &self.cancel).await;
        let Some((result, captures)) = ran else { return Err(Failed::not_runnable("it was given up")) };
        match Fetch::of(result, by, self.clock.now()) {
            Ok(fetch) => {
                let generation = there.ready.as_ref().map_or(1, |ready| ready.generation + 1);
                let ready = Ready { captures, generation, fetch };
                there.ready = Some(told(&ready));
                there.failed = None;
                Ok(ready)
            }
            Err(failed) => {
                let count = there.failed.as_ref().map_or(1, |(_, failures)| failures.count + 1);
                let kept = Failed {
                    fetch: failed.fetch.clone().map(|fetch| Box::new(fetch.without_steps())),
                    ..failed.clone()
                };
                there.failed = Some((kept, Failures { count, at: self.clock.now() }));
                Err(failed)
            }
        }
    }
}

/// As all others are told.
fn told(ready: &Ready) -> Ready {
    Ready { fetch: ready.fetch.clone().without_steps(), ..ready.clone() }
}

/// The set-ups as one run sees them.
pub(super) struct Mine<'t> {
    all: &'t SetUps,
    trial: &'t Trial,
    run: RunId,
}

impl runner::SetUps for Mine<'_> {
    async fn get(&self, ask: Ask) -> Result<Ready, Failed> {
        let Some(plan) = self.trial.set_ups.get(&ask.set_up) else {
            return Err(Failed::not_runnable("it is not among these documents"));
        };
        let place = self.all.place((ask.set_up.clone(), self.trial.environment.clone()));
        let there = place.lock_owned().await;
        let now = self.all.clock.now();
        match (there.standing().next(&ask, Belief::Any, now), &there.ready, &there.failed) {
            (Next::Take, Some(ready), _) => Ok(ready.clone()),
            (Next::Fail, _, Some((failed, _))) => Err(failed.clone()),
            _ => {
                let inputs = self.trial.inputs(self.run, now);
                // A task of its own, so that it is there for the others when this run ends before.
                let fetch = self.all.tasks.spawn(self.all.clone().fetch(Arc::clone(plan), inputs, there));
                fetch.await.unwrap_or_else(|_| Err(Failed::not_runnable("a defect of Skopos")))
            }
        }
    }
}

impl fmt::Debug for SetUps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetUps").finish_non_exhaustive()
    }
}
