//! Carries out the run machine's commands: sends, waits, and tells the machine what happened. Decides nothing.

use std::{future::Future, sync::Arc, time::Duration};

use domain::{
    plan::Plan,
    result::RunResult,
    run::{
        inputs::Inputs,
        machine::{Command, Event, Machine},
    },
};
use outbound::Session;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Asked before each request whether it may be sent.
pub trait Guard: Send {
    /// False when the run is not ours any more: nothing more may be sent for it. `repeatable` is false for a request
    /// that must not be sent twice, which wants a durable marker first.
    fn may_send(&mut self, repeatable: bool) -> impl Future<Output = bool> + Send;
}

/// For runs that nobody else can take over: everything may be sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unguarded;

impl Guard for Unguarded {
    async fn may_send(&mut self, _: bool) -> bool {
        true
    }
}

/// Runs a plan to its end. `None` when the guard said that the run is not ours any more.
pub async fn execute(
    plan: Arc<Plan>,
    inputs: Inputs,
    mut session: Session,
    guard: &mut impl Guard,
    cancel: &CancellationToken,
) -> Option<RunResult> {
    let mut started = Instant::now();
    let mut machine = Machine::new(plan, inputs);
    let mut event = Event::Started;
    loop {
        let command = machine.on(event, started.elapsed());
        let deadline = started + machine.deadline();
        let stoppable = !machine.is_cleaning();
        event = match command {
            Command::Finish(result) => return Some(*result),
            Command::Send { request, repeatable } => {
                // Waiting for ourselves is not the target's time: the run's clock stands still.
                let asked = Instant::now();
                if !guard.may_send(repeatable).await {
                    return None;
                }
                started += asked.elapsed();
                let deadline = started + machine.deadline();
                let answered = async {
                    match session.send(&request).await {
                        Ok(response) => Event::Responded(Box::new(response)),
                        Err(failure) => Event::Unreachable(Box::new(failure)),
                    }
                };
                first(answered, deadline, stoppable, cancel).await
            }
            Command::Wait(duration) => first(woke(duration), deadline, stoppable, cancel).await,
            // Only a cancel during clean-up is answered so, and none is told then.
            Command::Continue => first(std::future::pending(), deadline, false, cancel).await,
        };
    }
}

async fn woke(after: Duration) -> Event {
    sleep(after).await;
    Event::Woke
}

/// What happens first: what was commanded, the deadline, or a cancel.
async fn first(
    commanded: impl Future<Output = Event>,
    deadline: Instant,
    stoppable: bool,
    cancel: &CancellationToken,
) -> Event {
    tokio::select! {
        biased;
        () = cancel.cancelled(), if stoppable => Event::Cancelled,
        event = commanded => event,
        () = sleep_until(deadline) => Event::DeadlinePassed,
    }
}
