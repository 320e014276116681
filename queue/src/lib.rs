//! Carries wake-up calls: RabbitMQ, or in-process.
//!
//! Rows are the truth and a message is only an id, so the seam is small: publish with confirms, consume with a
//! prefetch, settle each delivery. There are no delays, retries or priorities here: the relay publishes again what
//! was not confirmed, and rows say when. Losing, repeating or reordering messages is allowed.
//!
//! Architecture invariant: nobody outside this crate knows of exchanges, bindings or delivery tags.

mod delivery;
mod destination;
mod feed;
mod in_process;
mod message;
mod work;

pub use self::{
    delivery::{Deliveries, Delivery, Verdict},
    destination::Destination,
    feed::Feed,
    in_process::InProcess,
    message::{Message, MessageError},
    work::work,
};

/// Why the broker, or the loop over its deliveries, did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Come again later; nothing is known about the messages.
    #[error("the broker cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The loop of a consumer ended although nobody asked it to. Someone must look.
    #[error("the loop over deliveries broke")]
    Loop(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What became of one published message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The broker has it.
    Confirmed,
    /// The broker did not take it: the queue is full. Its row waits for the relay's next turn.
    Refused,
    /// Nobody has declared the queue: no worker has ever served this location.
    Returned,
}

/// How much lies in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting for a consumer.
    pub ready: usize,
    /// With a consumer, and not settled.
    pub unacked: usize,
    /// Rejected since the queue was declared.
    pub dead: usize,
}

/// A broker. Clones share it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Queue {
    /// Inside this process.
    InProcess(InProcess),
}

impl Queue {
    /// A broker inside this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self::InProcess(InProcess::default())
    }

    /// Makes sure that a queue exists. Until then what is published to it is returned.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub async fn declare(&self, destination: &Destination) -> Result<(), Error> {
        match self {
            Self::InProcess(broker) => broker.declare(destination),
        }
        Ok(())
    }

    /// Publishes messages to one queue; one answer per message, in their order.
    ///
    /// # Errors
    /// [`Error::Unreachable`]: any of them may have arrived.
    pub async fn publish(
        &self,
        destination: &Destination,
        messages: &[Message],
    ) -> Result<Vec<Published>, Error> {
        match self {
            Self::InProcess(broker) => Ok(broker.publish(destination, messages)),
        }
    }

    /// Declares a queue and takes deliveries from it, at most `prefetch` unsettled ones at a time. Many consumers
    /// share a queue; the order of messages is not kept. The stream does not end and does not fail: over a socket it
    /// repairs itself.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub async fn consume(&self, destination: &Destination, prefetch: u16) -> Result<Deliveries, Error> {
        match self {
            Self::InProcess(broker) => Ok(broker.consume(destination, prefetch)),
        }
    }

    /// How much lies in a queue; `None` when nobody has declared it.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub async fn depth(&self, destination: &Destination) -> Result<Option<Depth>, Error> {
        match self {
            Self::InProcess(broker) => Ok(broker.depth(destination)),
        }
    }
}
