//! Carries wake-up calls: RabbitMQ, or in-process.
//!
//! Rows are the truth and a message is only an id, so the seam is small: publish with confirms, consume with a
//! prefetch, settle each delivery. There are no delays, retries or priorities here: the relay publishes again what
//! was not confirmed, and rows say when. Losing, repeating or reordering messages is allowed.
//!
//! Architecture invariant: nobody outside this crate knows of exchanges, bindings or delivery tags.
//! `amqp/topology.rs` is all that is declared on a broker.

mod amqp;
mod config;
mod delivery;
mod destination;
mod feed;
mod in_process;
mod message;
mod trace;
mod work;

use futures_util::stream;

pub use self::{
    amqp::RabbitMq,
    config::Config,
    delivery::{Deliveries, Delivery, Verdict},
    destination::Destination,
    feed::{Call, Feed},
    in_process::InProcess,
    message::{Message, MessageError},
    trace::{TraceParent, TraceParentError},
    work::work,
};

/// Why the broker, or the loop over its deliveries, did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Come again later; nothing is known about the messages.
    #[error("the broker cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The broker does not let us, or has something else under our names: a sentence that says what somebody must do.
    #[error("{0}")]
    Refused(String),
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
    /// There is no such queue: no worker has ever served this location, or somebody has deleted it.
    Returned,
}

/// How much lies in a queue, and in those for what nobody could use. Brokers count a moment late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting for a consumer.
    pub ready: usize,
    /// Taking deliveries from it.
    pub consumers: usize,
    /// With a consumer, and not settled; none where the broker does not tell.
    pub unacked: Option<usize>,
    /// Dead letters that wait for [`Queue::dead_letters`]: of this queue in the process, of all over a network.
    pub dead: usize,
    /// Put aside for people: of all queues.
    pub parked: usize,
}

/// A broker. Clones share it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Queue {
    /// Inside this process.
    InProcess(InProcess),
    /// Over the network.
    RabbitMq(RabbitMq),
}

impl Queue {
    /// A broker inside this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self::InProcess(InProcess::default())
    }

    /// Connects to a RabbitMQ and declares what Skopos needs there.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or [`Error::Refused`] for what will not heal by itself.
    pub async fn rabbitmq(config: &Config) -> Result<Self, Error> {
        RabbitMq::connect(config).await.map(Self::RabbitMq)
    }

    /// Makes sure that a queue exists. Until then what is published to it is returned.
    ///
    /// # Errors
    /// [`Error::Unreachable`] or [`Error::Refused`].
    pub async fn declare(&self, destination: &Destination) -> Result<(), Error> {
        match self {
            Self::InProcess(broker) => {
                broker.declare(destination);
                Ok(())
            }
            Self::RabbitMq(broker) => broker.declare(destination).await,
        }
    }

    /// Publishes messages to one queue; one answer per message, in their order. It takes a bounded time, also when the
    /// broker is away or does not answer, and keeps nothing for later.
    ///
    /// # Errors
    /// [`Error::Unreachable`] or [`Error::Refused`]: any of them may have arrived.
    pub async fn publish(
        &self,
        destination: &Destination,
        messages: &[Message],
    ) -> Result<Vec<Published>, Error> {
        match self {
            Self::InProcess(broker) => Ok(broker.publish(destination, messages)),
            Self::RabbitMq(broker) => broker.publish(destination, messages).await,
        }
    }

    /// Declares a queue and takes deliveries from it, at most `prefetch` unsettled ones at a time. Many consumers
    /// share a queue; the order of messages is not kept. The stream does not end and does not fail: over a socket it
    /// repairs itself.
    ///
    /// # Errors
    /// [`Error::Unreachable`] or [`Error::Refused`], for the first time only.
    pub async fn consume(&self, destination: &Destination, prefetch: u16) -> Result<Deliveries, Error> {
        match self {
            Self::InProcess(broker) => Ok(broker.consume(destination, prefetch)),
            Self::RabbitMq(broker) => broker.consume(destination, prefetch).await,
        }
    }

    /// The messages that were delivered too often, from all queues: their rows want to be woken. Other dead letters are
    /// put aside for people on the way. In the process nothing is delivered too often, so nothing comes.
    ///
    /// # Errors
    /// [`Error::Unreachable`] or [`Error::Refused`], for the first time only.
    pub async fn dead_letters(&self) -> Result<Deliveries, Error> {
        match self {
            Self::InProcess(_) => Ok(Deliveries::new(stream::pending())),
            Self::RabbitMq(broker) => broker.dead_letters().await,
        }
    }

    /// How much lies in a queue; `None` when nobody has declared it.
    ///
    /// # Errors
    /// [`Error::Unreachable`] or [`Error::Refused`].
    pub async fn depth(&self, destination: &Destination) -> Result<Option<Depth>, Error> {
        match self {
            Self::InProcess(broker) => Ok(broker.depth(destination)),
            Self::RabbitMq(broker) => broker.depth(destination).await,
        }
    }

    /// Takes leave of the broker, in order: what was settled is settled, what is unsettled comes again.
    pub async fn close(&self) {
        match self {
            Self::InProcess(_) => {}
            Self::RabbitMq(broker) => broker.close().await,
        }
    }
}
