//! Lets a run's requests out while the run is ours for sure, and what must be durable before them is.

use std::future::pending;

use domain::{
    id::WorkerId,
    outcome::{Reason, ReasonCode},
    run::{Checkpoint, Run},
};
use store::{cleanups::Sealed, runs::Held};

use crate::{handler::Context, marks::Mark, runner::Guard};

/// The guard of one claimed run.
pub(crate) struct Owner<'c> {
    context: &'c Context,
    run: &'c Run,
    owner: WorkerId,
    /// Whether an unsafe request has begun, durably.
    marked: bool,
    cleans_up: bool,
}

impl<'c> Owner<'c> {
    pub(crate) fn new(context: &'c Context, run: &'c Run, owner: WorkerId, cleans_up: bool) -> Self {
        Self { context, run, owner, marked: run.unsafe_begun, cleans_up }
    }

    /// Whether the run was still ours when that was written.
    async fn mark(&self, checkpoint: Option<Sealed>) -> bool {
        let held = Held { run: self.run.id, attempt: self.run.attempt, worker: self.owner };
        let mark = Mark { held, checkpoint };
        self.context.marks.submit(mark).await == Some(true)
    }

    fn seal(&self, checkpoint: &Checkpoint) -> Option<Sealed> {
        let sealed = Sealed::seal(self.context.store.secrets_key(), self.run.id, checkpoint);
        sealed
            .inspect_err(|error| {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "what clean-up would need cannot be kept; the run goes on without");
            })
            .ok()
    }
}

impl Guard for Owner<'_> {
    async fn may_send(&mut self, repeatable: bool, checkpoint: Option<Checkpoint>) -> bool {
        let begins = !repeatable && !self.marked;
        // Handed back now, it starts again elsewhere; begun now, it would probably end inconclusive.
        if begins && self.context.stop.closing.is_cancelled() {
            return false;
        }
        let sealed = checkpoint.and_then(|checkpoint| self.seal(&checkpoint));
        if begins || sealed.is_some() {
            self.marked = self.mark(sealed).await;
            if !self.marked {
                return false;
            }
        }
        self.context.lease.holds(self.owner)
    }

    async fn abandoned(&self) -> Reason {
        self.context.stop.closing.cancelled().await;
        if !self.marked || !self.cleans_up {
            return pending().await;
        }
        Reason::new(ReasonCode::WorkerLost, "the worker stopped after a request that must not be repeated")
    }
}
