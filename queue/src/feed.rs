//! Deliveries as an apalis backend: one for every broker, because it takes a stream.
//!
//! What apalis must not be asked to do: a backend error drops the work in flight, so this one never fails; retries
//! and time-outs are rows and runs. A delivery is settled by what its handler answered, not by apalis' task status,
//! which a panic leaves at "running".

use std::{
    convert::Infallible,
    fmt, future,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    error::BoxDynError,
    task::{ExecutionContext, Task, builder::TaskBuilder},
    worker::{
        context::WorkerContext,
        ext::ack::{Acknowledge, AcknowledgeLayer},
    },
};
use domain::planted::{self, Bug};
use futures_util::{StreamExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{Deliveries, Delivery, Error, Message, TraceParent, Verdict};

/// A backend over deliveries. Its tasks are [`Call`]s and their handlers answer with a [`Verdict`].
#[derive(Debug)]
pub struct Feed {
    source: Source,
    stop: CancellationToken,
}

/// What a handler gets of a delivery: all but the duty to settle it.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// What to do.
    pub message: Message,
    /// On whose behalf.
    pub trace: TraceParent,
}

/// The deliveries, until the feed is closed.
type Source = Arc<Mutex<Option<Deliveries>>>;

impl Feed {
    /// A feed that takes nothing more once `stop` is cancelled, and that cancels it if the deliveries end by
    /// themselves: a worker of apalis would wait for ever.
    #[must_use]
    pub fn new(deliveries: Deliveries, stop: CancellationToken) -> Self {
        Self { source: Arc::new(Mutex::new(Some(deliveries))), stop }
    }

    /// What drops the deliveries from outside of the worker that owns the feed by then, so that those that wait in
    /// it go back although handlers are running.
    pub fn closer(&self) -> impl FnOnce() + Send + use<> {
        let source = self.source.clone();
        move || drop(source.lock().expect("no holder of this lock panics").take())
    }
}

impl Backend for Feed {
    type Task = Task<Call>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Call>, Infallible>>> {
        let mut source = self.source.lock().expect("no holder of this lock panics");
        let open = source.as_mut().filter(|_| !self.stop.is_cancelled());
        let Some(deliveries) = open else { return Poll::Ready(None) };
        match deliveries.poll_next_unpin(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(delivery)) => {
                let call = Call { message: delivery.message(), trace: delivery.traceparent() };
                let slot = Slot::of(delivery);
                if planted::has(Bug::AckBeforeCommit) {
                    tokio::spawn(slot.take().expect("it was filled a line ago").settle(Verdict::Ack));
                }
                Poll::Ready(Some(Ok(TaskBuilder::new(call).data(slot).build())))
            }
            Poll::Ready(None) => {
                *source = None;
                self.stop.cancel();
                Poll::Ready(None)
            }
        }
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Feed {
    type Args = Call;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = AcknowledgeLayer<Settler>;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        AcknowledgeLayer::new(Settler)
    }
}

/// A delivery travelling with its task, which apalis clones.
#[derive(Clone)]
struct Slot(Arc<Mutex<Option<Delivery>>>);

impl Slot {
    fn of(delivery: Delivery) -> Self {
        Self(Arc::new(Mutex::new(Some(delivery))))
    }

    fn take(&self) -> Option<Delivery> {
        self.0.lock().expect("no holder of this lock panics").take()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// Settles a delivery when its handler has ended, in whichever way.
#[derive(Debug, Clone)]
pub struct Settler;

impl Acknowledge<Verdict> for Settler {
    type Error = Error;
    type Future = BoxFuture<'static, Result<(), Error>>;

    fn ack(&mut self, answer: &Result<Verdict, BoxDynError>, context: &ExecutionContext) -> Self::Future {
        let Some(delivery) = context.data().get::<Slot>().and_then(Slot::take) else {
            return Box::pin(future::ready(Ok(())));
        };
        let message = delivery.message();
        let verdict = answer.as_ref().copied().unwrap_or_else(|error| {
            // Given back it would break the next handler, and the one after it.
            tracing::error!(?message, error = %error, "A handler panicked; its message goes to the dead letters.");
            Verdict::Reject
        });
        Box::pin(async move {
            let settled = delivery.settle(verdict).await;
            if let Err(error) = &settled {
                tracing::warn!(?message, %error, "A delivery could not be settled; it will come again.");
            }
            settled
        })
    }
}
