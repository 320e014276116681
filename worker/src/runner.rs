//! Carries out the run machine's commands: sends, waits, and tells the machine what happened. Decides nothing.

use std::{
    future::{Future, pending, ready},
    panic::resume_unwind,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use domain::{
    outcome::Reason,
    plan::Plan,
    result::RunResult,
    run::{
        Checkpoint,
        inputs::Inputs,
        machine::{Command, Event, Machine},
    },
    set_up::{Ask, Failed, Ready},
};
use outbound::Session;
use serde_json::{Map, Value};
use tokio::{
    task::{JoinError, spawn_blocking},
    time::{Instant, Sleep, sleep, sleep_until},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Bytes of a body that are judged within a millisecond or so.
const LARGE: usize = 128 * 1024;

/// Asked before each request whether it may be sent.
pub trait Guard: Send + Sync {
    /// False when the run is not ours any more: nothing more may be sent for it. `repeatable` is false for a request
    /// that must not be sent twice, which wants a durable marker first; so does a `checkpoint`, which is what clean-up
    /// has to know if this worker is lost.
    fn may_send(
        &mut self,
        repeatable: bool,
        checkpoint: Option<Checkpoint>,
    ) -> impl Future<Output = bool> + Send;

    /// Resolves when this worker cannot go on with the run but can still clean up after it.
    fn abandoned(&self) -> impl Future<Output = Reason> + Send {
        pending()
    }
}

/// For runs that nobody else can take over: everything may be sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unguarded;

impl Guard for Unguarded {
    async fn may_send(&mut self, _: bool, _: Option<Checkpoint>) -> bool {
        true
    }
}

/// Where a run gets the shared set-ups that it uses.
pub trait SetUps: Send + Sync {
    /// One of them, from whoever has it, or fetched for all who need it. Whoever asks may give up at any time; a fetch
    /// that has begun goes on without it.
    fn get(&self, ask: Ask) -> impl Future<Output = Result<Ready, Failed>> + Send;
}

/// For the runs of set-ups, which use none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSetUps;

impl SetUps for NoSetUps {
    async fn get(&self, _: Ask) -> Result<Ready, Failed> {
        Err(Failed::not_runnable("set-ups go one level deep"))
    }
}

/// Runs a plan to its end. `None` when the guard said that the run is not ours any more.
pub async fn execute(
    plan: Arc<Plan>,
    inputs: Inputs,
    session: Session,
    guard: &mut impl Guard,
    set_ups: &impl SetUps,
    cancel: &CancellationToken,
) -> Option<RunResult> {
    let machine = Box::new(Machine::new(plan, inputs));
    drive(machine, session, guard, set_ups, cancel).await.map(|(result, _)| result)
}

/// Runs a set-up to its end, and answers what it captured, in clear.
pub async fn share(
    plan: Arc<Plan>,
    inputs: Inputs,
    session: Session,
    guard: &mut impl Guard,
    cancel: &CancellationToken,
) -> Option<(RunResult, Map<String, Value>)> {
    let machine = Box::new(Machine::sharing(plan, inputs));
    let (result, machine) = drive(machine, session, guard, &NoSetUps, cancel).await?;
    Some((result, machine.into_captures()))
}

/// The same for a machine, which may be one that only cleans up. It comes back at its end.
pub(crate) async fn drive(
    mut machine: Box<Machine>,
    mut session: Session,
    guard: &mut impl Guard,
    set_ups: &impl SetUps,
    cancel: &CancellationToken,
) -> Option<(RunResult, Box<Machine>)> {
    let mut started = Instant::now();
    let cancelled = pin!(cancel.cancelled());
    let deadline = pin!(sleep_until(started + machine.deadline()));
    let mut interrupted = Interruptions { cancelled, deadline };
    let mut event = Event::Started;
    loop {
        let command;
        if takes_long(&event) {
            (machine, command) = aside(machine, event, started.elapsed()).await;
        } else {
            command = machine.on(event, started.elapsed());
        }
        let stoppable = !machine.is_cleaning();
        // Waiting for ourselves is not the target's time: the run's clock stands still.
        if let Command::Send { repeatable, .. } = command {
            let asked = Instant::now();
            if !guard.may_send(repeatable, machine.checkpoint()).await {
                return None;
            }
            started += asked.elapsed();
        }
        interrupted.deadline.as_mut().reset(started + machine.deadline());
        event = match command {
            Command::Finish(result) => return Some((*result, machine)),
            Command::Send { request, .. } => {
                let answered = async {
                    match session.send(&request).await {
                        Ok(response) => Event::Responded(response),
                        Err(failure) => Event::Unreachable(Box::new(failure)),
                    }
                };
                interrupted.or(answered, stoppable, guard).await
            }
            Command::SetUp(ask) => {
                let got = async {
                    match set_ups.get(ask).await {
                        Ok(ready) => Event::SetUpReady(Box::new(ready)),
                        Err(failed) => Event::SetUpFailed(Box::new(failed)),
                    }
                };
                interrupted.or(got, stoppable, guard).await
            }
            Command::Wait(duration) => interrupted.or(woke(duration), stoppable, guard).await,
            Command::ForgetCookies => {
                session.forget_cookies();
                interrupted.or(ready(Event::CookiesForgotten), stoppable, guard).await
            }
        };
    }
}

/// Whether the machine will think about it for so long that other runs of this thread would see their answers late.
fn takes_long(event: &Event) -> bool {
    matches!(event, Event::Responded(response) if response.body.len() > LARGE)
}

/// Tells the machine on a thread where nobody waits for an answer.
async fn aside(mut machine: Box<Machine>, event: Event, at: Duration) -> (Box<Machine>, Command) {
    let told = spawn_blocking(move || {
        let command = machine.on(event, at);
        (machine, command)
    });
    match told.await.map_err(JoinError::try_into_panic) {
        Ok(told) => told,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => pending().await, // the process ends
    }
}

async fn woke(after: Duration) -> Event {
    sleep(after).await;
    Event::Woke
}

/// What may happen before what was commanded. Made once for a run: all runs share the source of the cancel and the clock,
/// where whoever waits is written down.
struct Interruptions<'r, 'c> {
    cancelled: Pin<&'r mut WaitForCancellationFuture<'c>>,
    deadline: Pin<&'r mut Sleep>,
}

impl Interruptions<'_, '_> {
    /// What happens first: what was commanded, the deadline, or somebody who wants it stopped. Clean-up is not stopped.
    async fn or(
        &mut self,
        commanded: impl Future<Output = Event>,
        stoppable: bool,
        guard: &impl Guard,
    ) -> Event {
        tokio::select! {
            biased;
            () = self.cancelled.as_mut(), if stoppable => Event::Cancelled,
            reason = guard.abandoned(), if stoppable => Event::Abandoned(reason),
            event = commanded => event,
            () = self.deadline.as_mut() => Event::DeadlinePassed,
        }
    }
}
