//! What a worker does with one wake-up call: claim, prepare, run, record. The message is acknowledged whatever came of
//! it, after the commit: rows say what is left to do. Only what was never claimed goes back.

use std::{sync::Arc, time::Duration};

use domain::{
    clock::Clock,
    id::WorkerId,
    outcome::{Reason, ReasonCode},
    run::{Run, machine::Machine},
};
use outbound::Outbound;
use queue::{Message, Verdict};
use store::Store;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    claims::{Claim, Claimed, Claims},
    cleaning,
    egress::Egress,
    lease::Lease,
    marks::Marks,
    owner::Owner,
    prepare::{Prepared, Preparer},
    pulse::Pulse,
    recorder::{self, Ended, Flow, Recorder},
    release::release_patiently,
    runner::drive,
    running::InHand,
    set_ups::Fleet,
};

/// How long a message is held whose run is not for us just now: the broker may offer it to this worker a few times before
/// anybody may take it, far less often than its delivery limit.
const PASSING_ON: Duration = Duration::from_millis(250);
/// Two renewals of the lease.
const DOUBT: Duration = Duration::from_secs(4);

/// What all handlers of one worker share.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) claims: Claims,
    pub(crate) marks: Marks,
    pub(crate) recorder: Recorder,
    pub(crate) preparer: Preparer,
    pub(crate) egress: Egress,
    pub(crate) pulse: Pulse,
    pub(crate) stop: Stop,
}

/// What is driven for a run, and with what.
struct Ready<'c> {
    machine: Box<Machine>,
    guard: Owner<'c>,
    set_ups: Fleet<'c>,
    flow: Flow,
}

/// How far a worker is on its way out.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    /// Nothing more is claimed.
    pub(crate) asked: CancellationToken,
    /// Runs that need clean-up begin with it, and no run begins what must not be repeated.
    pub(crate) closing: CancellationToken,
    /// The grace period is over: runs in hand are handed back.
    pub(crate) drained: CancellationToken,
}

pub(crate) async fn handle(context: Arc<Context>, message: Message) -> Verdict {
    let Message::ExecuteRun { run_id } = message else { return Verdict::Reject };
    if !context.may_claim().await {
        return Verdict::GiveBack;
    }
    match context.claims.submit(run_id).await {
        Some(Claim::Ours(claimed)) => {
            let span = tracing::info_span!("run", run.id = %claimed.run.id, attempt = claimed.run.attempt);
            own(context, *claimed).instrument(span).await;
            Verdict::Ack
        }
        Some(Claim::NotAsked) => Verdict::GiveBack,
        // Not at once, for it may come straight back.
        Some(Claim::Waiting) => {
            sleep(PASSING_ON).await;
            Verdict::GiveBack
        }
        // When the claim broke, whatever it claimed is found by the look at what is owned and not in hand.
        Some(Claim::Gone) | None => Verdict::Ack,
    }
}

/// Runs a claimed run in a task of its own, so that a panic in it, a defect of ours, still leaves it with an outcome.
async fn own(context: Arc<Context>, claimed: Claimed) {
    let Claimed { run, owner, in_hand, refused } = claimed;
    if let Some(reason) = refused {
        return context.record(Ended::inconclusive(run, owner, reason)).await;
    }
    let task = {
        let (context, run) = (context.clone(), run.clone());
        tokio::spawn(async move { context.own(run, owner, in_hand).await }.in_current_span())
    };
    if let Err(defect) = task.await {
        tracing::error!(error = &defect as &dyn std::error::Error, "a run broke its worker's task");
        let reason = Reason::new(ReasonCode::Internal, "a defect of the worker; its log says more");
        context.record(Ended::inconclusive(run, owner, reason)).await;
    }
}

impl Context {
    /// Whether a run may be claimed now; if not, its message goes back. Stopping, at once: another worker has it in no
    /// time. In doubt of the lease (a database that does not answer, or this process was asleep) it is held first: most
    /// doubt ends with the next renewal, and then nothing is lost. An acknowledged message would cost its run the relay's
    /// back-off of 10 s or more also when every other worker is well; given back at once it would come straight again
    /// when none is, and go round as fast as the broker can. Held for two renewals it goes round slowly, each round
    /// with every slot's worth of messages at the most.
    async fn may_claim(&self) -> bool {
        tokio::select! {
            biased;
            () = self.stop.asked.cancelled() => false,
            sure = timeout(DOUBT, self.lease.sure()) => sure.is_ok(),
        }
    }

    async fn own(self: &Arc<Self>, run: Run, owner: WorkerId, in_hand: InHand) {
        let Ready { machine, mut guard, set_ups, flow } = match self.ready(&run, owner).await {
            Ok(ready) => ready,
            Err(reason) => return self.record(Ended::inconclusive(run, owner, reason)).await,
        };
        let (began, session) = (Instant::now(), self.outbound.session());
        let finished = tokio::select! {
            biased;
            finished = drive(machine, session, &mut guard, &set_ups, &in_hand.cancel) => finished,
            () = self.stop.drained.cancelled() => None,
        };
        match finished {
            Some((result, _)) => {
                let result = self.egress.excuse(self.pulse.excuse(result, began)).await;
                self.record(Ended { run, owner, flow, result }).await;
            }
            None => release_patiently(&self.store, owner, run.id, run.attempt).await,
        }
    }

    /// What is to be driven for a run, and what is to be known of its collection.
    async fn ready<'c>(self: &'c Arc<Self>, run: &'c Run, owner: WorkerId) -> Result<Ready<'c>, Reason> {
        let prepared = self.preparer.prepare(run, &*self.clock).await;
        let Prepared { plan, inputs, environment_at } = prepared.map_err(|reason| {
            if run.cleaning { cleaning::not_carried_out(&reason.message) } else { reason }
        })?;
        let flow = Flow { name: plan.name.clone(), repeatable: plan.is_repeatable() };
        let guard = Owner::new(self, run, owner, plan.cleans_up());
        // Hardly any run uses set-ups, and the inputs can be large.
        let own = (!plan.uses.is_empty()).then(|| inputs.clone());
        let set_ups = Fleet::new(self, run, owner, own, environment_at);
        let machine = if run.cleaning {
            cleaning::resume(&self.store, run, plan, inputs).await?
        } else {
            Machine::new(plan, inputs)
        };
        Ok(Ready { machine: Box::new(machine), guard, set_ups, flow })
    }

    async fn record(&self, ended: Ended) {
        let (run, outcome, duration_ms) = (ended.run.clone(), ended.result.outcome, ended.result.duration_ms);
        match self.recorder.submit(ended).await {
            Some(true) => tracing::info!(outcome = %outcome, duration_ms, "a run finished"),
            Some(false) => {}
            None => recorder::give_up(&self.store, &run, "its recorder broke").await,
        }
    }
}
