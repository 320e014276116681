//! Publishing, with the broker's word for each message. It has a connection of its own, because a broker that is short
//! of memory stops reading from connections that publish, acknowledgements included.
//!
//! What is in flight is bounded by a window and by time, and nothing is kept for later: rows wait, memory is flat.

use domain::planted::{self, Bug};
use futures_util::future::try_join_all;
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable},
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};

use super::{
    Site,
    link::{Link, PATIENCE, answered},
    refusal::unreachable,
    topology::Topology,
};
use crate::{Destination, Error, Message, Published, TraceParent};

/// Messages in flight at the most. The broker writes to disk what comes together at once.
const WINDOW: usize = 256;
/// AMQP's word for "write it to disk".
const PERSISTENT: u8 = 2;

/// A publisher whose connection is opened when there is something to publish.
#[derive(Default)]
pub(super) struct Publisher(Mutex<Option<Open>>);

struct Open {
    link: Link,
    channel: Channel,
}

impl Publisher {
    /// One answer per message, within a bounded time.
    pub(super) async fn publish(
        &self,
        site: &Site,
        destination: &Destination,
        messages: &[Message],
    ) -> Result<Vec<Published>, Error> {
        let mut turn = self.turn().await?;
        if turn.as_ref().is_none_or(|open| !open.is_usable()) {
            *turn = None;
            *turn = Some(Open::open(site).await?);
        }
        let open = turn.as_ref().expect("it was opened a line ago");
        if open.link.is_blocked() {
            return Err(blocked());
        }
        let mut answers = Vec::with_capacity(messages.len());
        for window in messages.chunks(WINDOW) {
            match answered(&site.address, &site.topology, open.window(site, destination, window)).await {
                Ok(confirmations) => answers.extend(confirmations),
                // What waits in it goes out when the broker reads again; meanwhile nothing is added.
                Err(_) if open.link.is_blocked() => return Err(blocked()),
                Err(error) => {
                    *turn = None;
                    return Err(error);
                }
            }
        }
        answers.into_iter().map(judged).collect()
    }

    pub(super) async fn close(&self) {
        if let Ok(mut turn) = self.turn().await
            && let Some(open) = turn.take()
        {
            open.link.close().await;
        }
    }

    /// One batch at a time: whoever waits for longer than a broker may take finds it away.
    async fn turn(&self) -> Result<MutexGuard<'_, Option<Open>>, Error> {
        timeout(PATIENCE, self.0.lock()).await.map_err(|_| unreachable("other messages wait for the broker"))
    }
}

impl Open {
    async fn open(site: &Site) -> Result<Self, Error> {
        let link = site.open("publisher").await?;
        let channel = answered(&site.address, &site.topology, async {
            let channel = link.channel().await?;
            // Without it the broker says nothing about messages, and lapin answers for it.
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        })
        .await?;
        Ok(Self { link, channel })
    }

    fn is_usable(&self) -> bool {
        self.link.is_open() && self.channel.status().connected()
    }

    /// All at once, then all their answers.
    async fn window(
        &self,
        site: &Site,
        destination: &Destination,
        messages: &[Message],
    ) -> lapin::Result<Vec<Confirmation>> {
        let exchange = site.topology.exchange(destination);
        let key = Topology::routing_key(destination);
        // Mandatory: without a queue for it the broker returns a message, where it would else confirm and forget it.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let publish = |message: &Message| {
            let (exchange, key) = (exchange.as_str().into(), key.as_str().into());
            let (body, properties) = (message.encode(), properties(*message));
            async move { self.channel.basic_publish(exchange, key, options, &body, properties).await?.await }
        };
        try_join_all(messages.iter().map(publish)).await
    }
}

fn properties(message: Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    let trace = TraceParent::of(message).to_string();
    headers.insert("traceparent".into(), AMQPValue::LongString(trace.into()));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_headers(headers)
}

fn judged(confirmation: Confirmation) -> Result<Published, Error> {
    match confirmation {
        Confirmation::Ack(None) => Ok(Published::Confirmed),
        Confirmation::Ack(Some(_)) if planted::has(Bug::ReturnTakenAsSuccess) => Ok(Published::Confirmed),
        Confirmation::Nack(_) if planted::has(Bug::NackTakenAsSuccess) => Ok(Published::Confirmed),
        // Confirmed as "dealt with", and dealt with by returning it.
        Confirmation::Ack(Some(_)) => Ok(Published::Returned),
        Confirmation::Nack(_) => Ok(Published::Refused),
        Confirmation::NotRequested => {
            Err(Error::Refused("the publisher's channel does not confirm; this is a bug of ours".to_owned()))
        }
    }
}

fn blocked() -> Error {
    unreachable("the broker takes no messages for now: it is short of memory or disk")
}
