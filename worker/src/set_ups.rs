//! Shared set-ups of a fleet: whoever needs one first claims it in its row and runs it, everybody else looks at the row
//! until it is there. A fetch is a task of its own: it goes on for the others when the run that began it ends before.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::{
    id::WorkerId,
    outcome::{Reason, ReasonCode, Trigger},
    plan::Plan,
    run::{
        Checkpoint, Run,
        inputs::{Inputs, RunFacts},
        machine::CLEANING_TIME,
    },
    set_up::{Ask, Belief, Failed, Fetch, Ready},
};
use serde_json::{Map, Value};
use store::{
    Patience, collections,
    set_ups::{self, Claim, Claimed, Look, Place, Sealed},
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    handler::Context,
    lease::Lease,
    runner::{Guard, SetUps, share},
};

/// Between two looks at what somebody fetches, at most; at least a fifth of it.
const LOOK_EVERY: u64 = 250;
/// What a fetch may take beyond its own limits, to be written down.
const MARGIN: Duration = Duration::from_secs(10);

/// The set-ups as one run sees them.
pub(crate) struct Fleet<'c> {
    context: &'c Arc<Context>,
    run: &'c Run,
    owner: WorkerId,
    /// Those of the run, if it uses set-ups: they are run in its environment.
    inputs: Option<Inputs>,
    environment_at: Option<DateTime<Utc>>,
}

impl<'c> Fleet<'c> {
    pub(crate) fn new(
        context: &'c Arc<Context>,
        run: &'c Run,
        owner: WorkerId,
        inputs: Option<Inputs>,
        environment_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self { context, run, owner, inputs, environment_at }
    }

    /// The set-up as it is now, which need not be as it was when the run was inserted.
    async fn place(&self, ask: &Ask) -> Result<(Place, Arc<Plan>), Failed> {
        let slug = ask.set_up.clone();
        let read = self.context.store.read_patiently(Patience::new("looking for a set-up"), move |conn| {
            Box::pin(async move { collections::current_version(conn, &slug).await })
        });
        let current = read.await.map_err(unreadable)?;
        let (collection, version) =
            current.ok_or_else(|| Failed::not_runnable("it is not there any more"))?;
        let plan = self.context.preparer.plan((collection, version)).await;
        let plan = plan.map_err(|reason| Failed::not_runnable(reason.message))?;
        if !plan.can_be_shared() {
            return Err(Failed::not_runnable("it uses set-ups itself, or has rows"));
        }
        let (environment, environment_at) = (self.run.environment.clone(), self.environment_at);
        Ok((Place { collection, environment, version, environment_at }, plan))
    }

    async fn look(&self, place: &Place, ask: &Ask, belief: Belief) -> Result<Look, Failed> {
        let (place, ask) = (place.clone(), ask.clone());
        let look = self.context.store.read_patiently(Patience::new("looking at a set-up"), move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                set_ups::look(conn, &place, &ask, belief, now).await
            })
        });
        look.await.map_err(unreadable)
    }

    async fn claim(&self, place: &Place, ask: &Ask, belief: Belief, plan: &Plan) -> Result<Claimed, Failed> {
        let (place, ask, worker) = (place.clone(), ask.clone(), self.owner);
        // No two claims of one worker end at the same instant: that is how the database tells them apart.
        let bound =
            plan.timeout + CLEANING_TIME + MARGIN + Duration::from_micros(rand::random_range(0..1_000_000));
        let until = now(self.context).await? + bound;
        let claimed = self.context.store.write_patiently(Patience::new("claiming a set-up"), move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                set_ups::claim(conn, &place, &ask, belief, (worker, until), now).await
            })
        });
        claimed.await.map_err(unreadable)
    }

    /// Runs it, and takes what comes of it.
    async fn fetch(&self, claim: Claim, plan: Arc<Plan>) -> Result<Ready, Failed> {
        let inputs = self.inputs.clone().expect("a run that asks for a set-up uses one");
        let facts = RunFacts { started_at: self.context.clock.now(), ..inputs.facts };
        let inputs = Inputs { facts, seed: rand::random(), ..inputs };
        let (context, owner) = (self.context.clone(), self.owner);
        tokio::spawn(fetch(context, claim, plan, inputs, owner)).await.unwrap_or_else(|defect| {
            tracing::error!(error = &defect as &dyn std::error::Error, "a set-up broke its task");
            Err(Failed::not_runnable("a defect of the worker; its log says more"))
        })
    }
}

impl SetUps for Fleet<'_> {
    async fn get(&self, mut ask: Ask) -> Result<Ready, Failed> {
        let confirms = self.run.trigger == Trigger::Confirm;
        let belief = if confirms { Belief::Repeated } else { Belief::Any };
        let (place, plan) = self.place(&ask).await?;
        loop {
            let look = match self.look(&place, &ask, belief).await? {
                Look::Free => match self.claim(&place, &ask, belief, &plan).await? {
                    Claimed::Ours(claim) => return self.fetch(claim, plan).await,
                    Claimed::Not(look) => look,
                },
                look => look,
            };
            match look {
                Look::Take(sealed) => match sealed.open(self.context.store.secrets_key()) {
                    Ok(captures) => {
                        return Ok(Ready { captures, generation: sealed.generation, fetch: sealed.fetch });
                    }
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            set_up = %ask.set_up,
                            "what a set-up captured cannot be read; it is fetched anew"
                        );
                        ask.newer_than = Some(sealed.generation);
                    }
                },
                Look::Failed(failed) => return Err(failed),
                // With jitter, so that those who wait do not all look at once.
                Look::Wait | Look::Free => {
                    sleep(Duration::from_millis(rand::random_range(LOOK_EVERY / 5..=LOOK_EVERY))).await;
                }
            }
        }
    }
}

/// One fetch, from its first request until it is written down.
async fn fetch(
    context: Arc<Context>,
    claim: Claim,
    plan: Arc<Plan>,
    inputs: Inputs,
    owner: WorkerId,
) -> Result<Ready, Failed> {
    let (by, began) = (inputs.facts.id, Instant::now());
    let mut guard = Fetching { lease: context.lease.clone(), owner };
    let (session, cancel) = (context.outbound.session(), CancellationToken::new());
    let ran = tokio::select! {
        biased;
        ran = share(plan, inputs, session, &mut guard, &cancel) => ran,
        () = context.stop.drained.cancelled() => None,
    };
    // The claim ends with the worker's lease, and then somebody else fetches.
    let Some((result, captures)) = ran else { return Err(lost()) };
    let result = context.egress.excuse(context.pulse.excuse(result, began)).await;
    match Fetch::of(result, by, now(&context).await?) {
        Ok(fetch) => {
            keep(&context, &claim, &captures, fetch.clone().without_steps()).await?;
            Ok(Ready { captures, generation: claim.generation, fetch })
        }
        Err(failed) => {
            fail(&context, &claim, &failed).await?;
            Err(failed)
        }
    }
}

/// By the database's clock.
async fn now(context: &Context) -> Result<DateTime<Utc>, Failed> {
    let read =
        context.store.read_patiently(Patience::new("looking at the time"), |conn| Box::pin(store::now(conn)));
    read.await.map_err(unreadable)
}

async fn keep(
    context: &Context,
    claim: &Claim,
    captures: &Map<String, Value>,
    fetch: Fetch,
) -> Result<(), Failed> {
    let sealed = Sealed::seal(context.store.secrets_key(), claim, captures, fetch).map_err(unreadable)?;
    let claim = claim.clone();
    let kept = context.store.write_patiently(Patience::new("keeping a set-up"), move |conn| {
        Box::pin(async move { set_ups::keep(conn, &claim, &sealed).await })
    });
    told(kept.await)
}

/// A failure that is the worker's own (no way out, frozen) is nobody else's: another one may do better.
async fn fail(context: &Context, claim: &Claim, failed: &Failed) -> Result<(), Failed> {
    let (claim, failed) = (claim.clone(), failed.clone());
    let is_ours = matches!(
        failed.reason.code,
        ReasonCode::NoEgress | ReasonCode::WorkerPaused | ReasonCode::WorkerLost | ReasonCode::Internal
    );
    let kept = context.store.write_patiently(Patience::new("keeping a set-up"), move |conn| {
        Box::pin(async move {
            if is_ours {
                return set_ups::release(conn, &claim).await;
            }
            let now = store::now(conn).await?;
            set_ups::fail(conn, &claim, &failed, now).await
        })
    });
    told(kept.await)
}

/// What came too late is of no use to others, but to the run that fetched it.
fn told(kept: store::Result<bool>) -> Result<(), Failed> {
    if !kept.map_err(unreadable)? {
        tracing::warn!("a set-up was fetched too late: it is somebody else's to fetch");
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn unreadable(error: store::Error) -> Failed {
    tracing::error!(error = &error as &dyn std::error::Error, "a set-up cannot be had");
    Failed::not_runnable("what is kept of it cannot be read; the worker's log says why")
}

fn lost() -> Failed {
    let reason = Reason::new(ReasonCode::WorkerLost, "its worker stopped, or lost its lease");
    Failed { reason, ..Failed::not_runnable("") }
}

/// Lets a fetch's requests out while its worker is one. Nothing is marked: a set-up may be run again after a crash.
struct Fetching {
    lease: Arc<Lease>,
    owner: WorkerId,
}

impl Guard for Fetching {
    async fn may_send(&mut self, _: bool, _: Option<Checkpoint>) -> bool {
        self.lease.holds(self.owner)
    }
}
