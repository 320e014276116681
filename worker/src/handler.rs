//! What a worker does with one wake-up call: claim, prepare, run, record. The message is acknowledged whatever came of
//! it, after the commit: rows say what is left to do.

use std::sync::Arc;

use domain::{
    clock::Clock,
    id::WorkerId,
    outcome::{Reason, ReasonCode},
    run::Run,
};
use outbound::Outbound;
use queue::{Message, Verdict};
use store::{Store, runs::Held};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    claims::{Claimed, Claims},
    lease::Lease,
    marks::Marks,
    prepare::Preparer,
    recorder::{self, Ended, Recorder},
    release::release_patiently,
    runner::{Guard, execute},
    running::InHand,
};

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
    /// The grace period is over: runs in hand are handed back.
    pub(crate) drained: CancellationToken,
}

pub(crate) async fn handle(context: Arc<Context>, message: Message) -> Verdict {
    let Message::ExecuteRun { run_id } = message else { return Verdict::Reject };
    // Unsure of its lease a worker claims nothing: the row wakes somebody again.
    if !context.lease.holds(context.lease.id()) {
        return Verdict::Ack;
    }
    if let Some(Some(claimed)) = context.claims.submit(run_id).await {
        let span = tracing::info_span!("run", run.id = %claimed.run.id, attempt = claimed.run.attempt);
        own(context, claimed).instrument(span).await;
    }
    Verdict::Ack
}

/// Runs a claimed run in a task of its own, so that a panic in it, a defect of ours, still leaves it with an outcome.
async fn own(context: Arc<Context>, claimed: Claimed) {
    let Claimed { run, owner, in_hand } = claimed;
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
    async fn own(&self, run: Run, owner: WorkerId, in_hand: InHand) {
        let (plan, inputs) = match self.preparer.prepare(&run, &*self.clock).await {
            Ok(ready) => ready,
            Err(reason) => return self.record(Ended::inconclusive(run, owner, reason)).await,
        };
        let collection_name = plan.name.clone();
        let mut guard = Owner {
            context: self,
            mark: Held { run: run.id, attempt: run.attempt, worker: owner },
            marked: false,
        };
        let finished = tokio::select! {
            biased;
            finished = execute(plan, inputs, self.outbound.session(), &mut guard, &in_hand.cancel) => finished,
            // The grace period is over.
            () = self.drained.cancelled() => None,
        };
        match finished {
            Some(result) => self.record(Ended { run, owner, collection_name, result }).await,
            None => release_patiently(&self.store, owner, run.id, run.attempt).await,
        }
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

/// Lets requests out while the run is ours for sure.
struct Owner<'c> {
    context: &'c Context,
    mark: Held,
    marked: bool,
}

impl Guard for Owner<'_> {
    async fn may_send(&mut self, repeatable: bool) -> bool {
        if !repeatable && !self.marked {
            self.marked = self.context.marks.submit(self.mark).await == Some(true);
            if !self.marked {
                return false;
            }
        }
        self.context.lease.holds(self.mark.worker)
    }
}
