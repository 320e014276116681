//! Clean-up after a run whose worker is gone: from what that worker kept to a machine that does only this.

use std::sync::Arc;

use domain::{
    outcome::{Reason, ReasonCode},
    plan::Plan,
    run::{Run, inputs::Inputs, machine::Machine},
};
use store::{Patience, Store, cleanups};

const LOST: &str = "the worker was lost or stopped after a request that must not be repeated";

/// The clean-up of a run.
///
/// # Errors
/// Why there is none: the run ends without it.
pub(crate) async fn resume(
    store: &Store,
    run: &Run,
    plan: Arc<Plan>,
    inputs: Inputs,
) -> Result<Machine, Reason> {
    let id = run.id;
    let patience = Patience::new("preparing a clean-up");
    let read = store.read_patiently(patience, move |conn| Box::pin(cleanups::get(conn, id))).await;
    let opened =
        read.and_then(|sealed| sealed.map(|sealed| sealed.open(store.secrets_key(), id)).transpose());
    let checkpoint = opened.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a run cannot be cleaned up after");
        None
    });
    let checkpoint = checkpoint.ok_or_else(|| not_carried_out("what was kept for it cannot be read"))?;
    let reason = Reason::new(ReasonCode::WorkerLost, LOST);
    Ok(Machine::resume_cleaning(plan, inputs, checkpoint, reason))
}

/// How a run ends that could not be cleaned up after.
pub(crate) fn not_carried_out(why: &str) -> Reason {
    Reason::new(ReasonCode::WorkerLost, format!("{LOST}; cleanup: not carried out, {why}"))
}
