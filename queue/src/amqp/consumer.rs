//! Consuming: a stream that neither ends nor fails. Whatever takes its channel away (a cut, a restart, a deleted queue, a
//! broker that has lost everything), it connects again, declares again and goes on; what was unsettled comes again.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use lapin::{
    Channel,
    message::Delivery as Arrived,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable},
};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

use super::{
    Site,
    link::{PATIENCE, answered},
    receipt::Receipt,
};
use crate::{Deliveries, Delivery, Destination, Error, Message, TraceParent, Verdict};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a consumer consumes.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Destination(Destination),
    /// Those that were delivered too often. All others are for people.
    DeadLetters,
}

/// Subscribes, and yields deliveries from then on.
pub(super) async fn deliveries(site: Arc<Site>, source: Source, prefetch: u16) -> Result<Deliveries, Error> {
    let subscription = Some(Subscription::begin(&site, &source, prefetch).await?);
    let consumer = Consumer { site, source, prefetch, subscription, pause: FIRST_PAUSE };
    Ok(Deliveries::new(stream::unfold(consumer, |mut consumer| async move {
        let delivery = consumer.next().await;
        Some((delivery, consumer))
    })))
}

struct Consumer {
    site: Arc<Site>,
    source: Source,
    prefetch: u16,
    subscription: Option<Subscription>,
    /// Before the next try.
    pause: Duration,
}

impl Consumer {
    async fn next(&mut self) -> Delivery {
        loop {
            let Some(subscription) = &mut self.subscription else {
                self.subscribe_again().await;
                continue;
            };
            let queue = self.source.queue(&self.site);
            match subscription.consumer.next().await {
                Some(Ok(arrived)) => {
                    self.pause = FIRST_PAUSE;
                    let receipt = Receipt::new(arrived.acker.clone(), subscription.channel.clone());
                    match self.source.sorted(&queue, &arrived) {
                        Some(message) => return Delivery::amqp(message, trace(&arrived, message), receipt),
                        // Lost is only the refusal: it comes again, and is refused again.
                        None => _ = receipt.settle(Verdict::Reject).await,
                    }
                }
                Some(Err(error)) => {
                    tracing::warn!(queue, %error, "A consumer lost its channel; it goes on with another one.");
                    self.subscription = None;
                }
                None => {
                    tracing::warn!(queue, "The broker ended a consumer; it begins again.");
                    self.subscription = None;
                }
            }
        }
    }

    /// One try, after a pause. A whole fleet loses a broker at once, and must not come back at once.
    async fn subscribe_again(&mut self) {
        sleep(self.pause.mul_f64(rand::random_range(0.5..=1.0))).await;
        let queue = self.source.queue(&self.site);
        let begun = Instant::now();
        match Subscription::begin(&self.site, &self.source, self.prefetch).await {
            Ok(subscription) => {
                tracing::info!(queue, "A consumer takes deliveries again.");
                self.subscription = Some(subscription);
            }
            Err(Error::Refused(why)) => tracing::error!(queue, why, "A consumer is refused; it tries again."),
            Err(error) => {
                let cause = &error as &dyn std::error::Error;
                tracing::debug!(queue, cause, waited = ?begun.elapsed(), "The broker is still away.");
            }
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl Source {
    fn queue(&self, site: &Site) -> String {
        match self {
            Self::Destination(destination) => site.topology.queue(destination),
            Self::DeadLetters => site.topology.dead(),
        }
    }

    /// The message, when it is one that this consumer is for. Never the bytes: they may be anybody's.
    fn sorted(&self, queue: &str, arrived: &Arrived) -> Option<Message> {
        let message = match Message::decode(&arrived.data) {
            Ok(message) => message,
            Err(error) => {
                let bytes = arrived.data.len();
                tracing::error!(queue, bytes, %error, "What cannot be read is put aside, for people to look at.");
                return None;
            }
        };
        match self {
            Self::DeadLetters if died_of(arrived) != Some("delivery_limit") => None,
            Self::DeadLetters | Self::Destination(_) => Some(message),
        }
    }
}

/// Why a dead letter left the first of its queues: <https://www.rabbitmq.com/docs/dlx#effects>.
fn died_of(arrived: &Arrived) -> Option<&str> {
    header(arrived, "x-first-death-reason")
}

/// The publisher's, or a new one for a message without.
fn trace(arrived: &Arrived, message: Message) -> TraceParent {
    let published = header(arrived, "traceparent").and_then(|text| text.parse().ok());
    published.unwrap_or_else(|| TraceParent::of(message))
}

fn header<'a>(arrived: &'a Arrived, key: &str) -> Option<&'a str> {
    match arrived.properties.headers().as_ref()?.inner().get(key)? {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}

/// A consumer as the broker knows it.
struct Subscription {
    consumer: lapin::Consumer,
    channel: Channel,
}

impl Subscription {
    async fn begin(site: &Site, source: &Source, prefetch: u16) -> Result<Self, Error> {
        let link = site.consuming().await?;
        let begin = async {
            let channel = link.channel().await?;
            if let Source::Destination(destination) = source {
                site.topology.declare_destination(&channel, destination).await?;
            }
            // Zero would mean "without bound".
            channel.basic_qos(prefetch.max(1), BasicQosOptions::default()).await?;
            let (queue, options) = (source.queue(site), BasicConsumeOptions::default());
            let consumer =
                channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
            Ok(Self { consumer, channel })
        };
        answered(&site.address, &site.topology, begin).await
    }
}

/// Tells the broker to send nothing more, and gives back what it has sent: the channel, on which it would go back by
/// itself, lives as long as what was yielded.
impl Drop for Subscription {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.channel.status().connected() {
            return;
        }
        let (mut consumer, channel) = (self.consumer.clone(), self.channel.clone());
        runtime.spawn(timeout(PATIENCE, async move {
            if channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await.is_ok() {
                while let Some(Ok(arrived)) = consumer.next().await {
                    drop(Receipt::new(arrived.acker, channel.clone()));
                }
            }
        }));
    }
}
