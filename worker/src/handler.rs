//! What a worker does with one wake-up call: claim, prepare, run, record. The message is acknowledged whatever came of
//! it, after the commit: rows say what is left to do.

use std::sync::Arc;

use domain::{
    clock::Clock,
    id::{RunId, WorkerId},
    outcome::{Reason, ReasonCode},
    run::Run,
};
use outbound::Outbound;
use queue::{Message, Verdict};
use store::{Store, runs};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    claims::Claims,
    lease::Lease,
    marks::{Mark, Marks},
    prepare::Preparer,
    recorder::{self, Ended, Recorder},
    runner::{Guard, execute},
    running::Running,
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
    pub(crate) running: Running,
    /// The grace period is over: runs in hand are handed back.
    pub(crate) drained: CancellationToken,
}

pub(crate) async fn handle(context: Arc<Context>, message: Message) -> Verdict {
    let Message::ExecuteRun { run_id } = message else { return Verdict::Reject };
    // Unsure of its lease a worker claims nothing: the row wakes somebody again.
    if !context.lease.holds(context.lease.id()) {
        return Verdict::Ack;
    }
    if let Some(Some((run, owner))) = context.claims.submit(run_id).await {
        let span = tracing::info_span!("run", run.id = %run.id, attempt = run.attempt);
        own(context, run, owner).instrument(span).await;
    }
    Verdict::Ack
}

/// Runs a claimed run in a task of its own, so that a panic in it, a defect of ours, still leaves it with an outcome.
async fn own(context: Arc<Context>, run: Run, owner: WorkerId) {
    let task = {
        let (context, run) = (context.clone(), run.clone());
        tokio::spawn(async move { context.own(run, owner).await }.in_current_span())
    };
    if let Err(defect) = task.await {
        tracing::error!(error = &defect as &dyn std::error::Error, "a run broke its worker's task");
        let reason = Reason::new(ReasonCode::Internal, "a defect of the worker; its log says more");
        context.record(Ended::inconclusive(run, owner, reason)).await;
    }
}

impl Context {
    async fn own(&self, run: Run, owner: WorkerId) {
        let in_hand = self.running.begin(run.id);
        let (plan, inputs) = match self.preparer.prepare(&run, &*self.clock).await {
            Ok(ready) => ready,
            Err(reason) => return self.record(Ended::inconclusive(run, owner, reason)).await,
        };
        let collection_name = plan.name.clone();
        let mut guard =
            Owner { context: self, mark: Mark { run: run.id, attempt: run.attempt, owner }, marked: false };
        let finished = tokio::select! {
            biased;
            finished = execute(plan, inputs, self.outbound.session(), &mut guard, &in_hand.cancel) => finished,
            () = self.drained.cancelled() => return self.leave(run, owner).await,
        };
        match finished {
            Some(result) => self.record(Ended { run, owner, collection_name, result }).await,
            None => tracing::warn!("the run is not this worker's any more: nothing more is sent for it"),
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

    /// Hands a run back that cannot be finished in time; one that has begun what must not be repeated ends here.
    async fn leave(&self, run: Run, owner: WorkerId) {
        if self.unsafe_begun(run.id).await {
            let message = "the worker was stopped after a request that must not be sent twice";
            let reason = Reason::new(ReasonCode::WorkerLost, message);
            return self.record(Ended::inconclusive(run, owner, reason)).await;
        }
        let id = run.id;
        let handed_back = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                runs::hand_back(conn, owner, &[id], now).await
            })
        });
        match handed_back.await {
            Ok(_) => tracing::info!("a run was handed back"),
            // The lease ends with the process, and the reaper takes the run.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a run could not be handed back");
            }
        }
    }

    /// What the row says, because another attempt may have begun it. Unsure, we do not repeat.
    async fn unsafe_begun(&self, run: RunId) -> bool {
        let read = async { runs::get(&mut self.store.read().await?, run).await };
        read.await.ok().flatten().is_none_or(|run| run.unsafe_begun)
    }
}

/// Lets requests out while the run is ours for sure.
struct Owner<'c> {
    context: &'c Context,
    mark: Mark,
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
        self.context.lease.holds(self.mark.owner)
    }
}
