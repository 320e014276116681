//! A message in the hands of a consumer, and how it is settled.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt, stream::BoxStream};

use crate::{Error, Message, TraceParent, amqp, in_process};

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done with, whatever came of it: also when it was a duplicate, and when a row says to try again later.
    Ack,
    /// To the dead letters, for people: it cannot be read, or it broke its handler.
    Reject,
    /// Back into the queue at once, for another consumer: this one is going away. Never a way to retry.
    GiveBack,
}

/// A message and the duty to settle it once. Dropped without that, it is given back.
#[derive(Debug)]
#[must_use = "a delivery that is dropped is given back"]
pub struct Delivery {
    message: Message,
    trace: TraceParent,
    receipt: Receipt,
}

/// The broker's side of a delivery.
#[derive(Debug)]
enum Receipt {
    InProcess(in_process::Receipt),
    Amqp(amqp::Receipt),
}

impl Delivery {
    pub(crate) fn in_process(message: Message, receipt: in_process::Receipt) -> Self {
        Self { message, trace: TraceParent::of(message), receipt: Receipt::InProcess(receipt) }
    }

    pub(crate) fn amqp(message: Message, trace: TraceParent, receipt: amqp::Receipt) -> Self {
        Self { message, trace, receipt: Receipt::Amqp(receipt) }
    }

    /// What to do.
    #[must_use]
    pub fn message(&self) -> Message {
        self.message
    }

    /// The trace that it belongs to, and the span that published it.
    #[must_use]
    pub fn traceparent(&self) -> TraceParent {
        self.trace
    }

    /// Settles it.
    ///
    /// # Errors
    /// [`Error::Unreachable`]: the broker will deliver it again.
    pub async fn settle(self, verdict: Verdict) -> Result<(), Error> {
        match self.receipt {
            Receipt::InProcess(receipt) => {
                receipt.settle(verdict);
                Ok(())
            }
            Receipt::Amqp(receipt) => receipt.settle(verdict).await,
        }
    }
}

/// The deliveries of one consumer. Dropping it stops the consumer and gives back what it has not yet yielded; what
/// it has yielded is settled on its own.
pub struct Deliveries(BoxStream<'static, Delivery>);

impl Deliveries {
    pub(crate) fn new(stream: impl Stream<Item = Delivery> + Send + 'static) -> Self {
        Self(stream.boxed())
    }
}

impl Stream for Deliveries {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deliveries")
    }
}
