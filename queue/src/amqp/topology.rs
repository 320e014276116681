//! Everything that Skopos declares on a broker, and why. Declaring twice is declaring once, so every connection begins
//! with it: a broker that has lost everything has it again.
//!
//! | exchange (direct) | routing key | queue | for |
//! |---|---|---|---|
//! | `skopos.runs` | the location | `skopos.runs.<location>` | workers of that location |
//! | `skopos.notifications` | `notifications` | `skopos.notifications` | notifiers |
//! | `skopos.dead` | `dead` | `skopos.dead` | schedulers: they wake the rows of what was delivered too often |
//! | `skopos.dead` | `parked` | `skopos.parked` | people: what cannot be read, and what broke its handler |
//!
//! A queue that exists with other arguments is refused by the broker, so a change here needs a new name or a word in the
//! release notes.

use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

use crate::Destination;

/// After so many deliveries nobody has settled it, be it that it kills its consumers: it is a dead letter then.
const DELIVERY_LIMIT: i32 = 20;
/// A queue refuses more, and their rows wait in the database. At about 300 bytes each this bounds it to 30 MB.
const MAX_LENGTH: i32 = 100_000;
/// People look at a few; more of the same would only fill the disk.
const MAX_PARKED: i32 = 10_000;

/// What everything is called on this broker.
#[derive(Debug, Clone)]
pub(crate) struct Topology {
    prefix: String,
}

impl Topology {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The queue of a destination.
    pub(crate) fn queue(&self, destination: &Destination) -> String {
        format!("{}.{destination}", self.prefix)
    }

    /// Where messages for a destination are published.
    pub(crate) fn exchange(&self, destination: &Destination) -> String {
        match destination {
            Destination::Runs(_) => format!("{}.runs", self.prefix),
            Destination::Notifications => format!("{}.notifications", self.prefix),
        }
    }

    pub(crate) fn routing_key(destination: &Destination) -> String {
        match destination {
            Destination::Runs(location) => location.to_string(),
            Destination::Notifications => "notifications".to_owned(),
        }
    }

    /// Both the exchange and the queue of dead letters.
    pub(crate) fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// The queue that only people read.
    pub(crate) fn parked(&self) -> String {
        format!("{}.parked", self.prefix)
    }

    /// Declares everything but the queues of locations.
    pub(crate) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        let (dead, parked) = (self.dead(), self.parked());
        for exchange in [&dead, &format!("{}.runs", self.prefix), &format!("{}.notifications", self.prefix)] {
            declare_exchange(channel, exchange).await?;
        }
        declare_queue(channel, &parked, parked_arguments()).await?;
        bind(channel, &parked, &dead, "parked").await?;
        declare_queue(channel, &dead, self.arguments("parked")).await?;
        bind(channel, &dead, &dead, "dead").await?;
        self.declare_destination(channel, &Destination::Notifications).await
    }

    /// Declares the queue of a destination.
    pub(crate) async fn declare_destination(
        &self,
        channel: &Channel,
        destination: &Destination,
    ) -> lapin::Result<()> {
        let queue = self.queue(destination);
        declare_queue(channel, &queue, self.arguments("dead")).await?;
        bind(channel, &queue, &self.exchange(destination), &Self::routing_key(destination)).await
    }

    /// How a queue is kept whose consumers are ours. `then` is where its dead letters go.
    fn arguments(&self, then: &str) -> FieldTable {
        let mut arguments = FieldTable::default();
        let mut word = |key: &str, word: &str| {
            arguments.insert(key.into(), AMQPValue::LongString(word.into()));
        };
        // On disk at most of the nodes before it is confirmed; a node may be lost.
        word("x-queue-type", "quorum");
        word("x-dead-letter-exchange", &self.dead());
        word("x-dead-letter-routing-key", then);
        // A dead letter leaves its queue when the next queue has confirmed it, not before.
        word("x-dead-letter-strategy", "at-least-once");
        // A full queue says no, and the row waits; dropping the oldest would need the whole back-off to heal. The
        // strategy above demands it, too.
        word("x-overflow", "reject-publish");
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(MAX_LENGTH));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
        arguments
    }
}

/// Nothing of ours consumes it. It forgets its oldest, so that what people do not look at never holds up dead letters.
fn parked_arguments() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("drop-head".into()));
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(MAX_PARKED));
    arguments
}

async fn declare_exchange(channel: &Channel, name: &str) -> lapin::Result<()> {
    // Durable: it outlives a restart of the broker.
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), ExchangeKind::Direct, options, FieldTable::default()).await
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> lapin::Result<()> {
    // Durable, not exclusive, not deleted with its last consumer: quorum queues know nothing else.
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), options, arguments).await.map(|_| ())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> lapin::Result<()> {
    let options = QueueBindOptions::default();
    channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_the_prefix() {
        let topology = Topology::new("skopos");
        let runs = Destination::Runs("eu-west".parse().unwrap());
        assert_eq!(topology.queue(&runs), "skopos.runs.eu-west");
        assert_eq!(
            (topology.exchange(&runs), Topology::routing_key(&runs)),
            ("skopos.runs".into(), "eu-west".into())
        );
        assert_eq!(topology.queue(&Destination::Notifications), "skopos.notifications");
        assert_eq!((topology.dead(), topology.parked()), ("skopos.dead".into(), "skopos.parked".into()));
    }
}
