//! A fresh broker for each test: queues in the process, or names of their own on a real RabbitMQ, gone afterwards also
//! when the test fails.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use queue::{Config, Deliveries, Delivery, Destination, Message, Published, Queue};

/// Nothing in these tests takes as long.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A broker, and names on it that no other test uses.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) queue: Queue,
    pub(crate) place: Place,
    locations: Arc<Mutex<Vec<Destination>>>,
}

#[derive(Clone)]
pub(crate) enum Place {
    Process,
    Broker(Broker),
}

/// A connection past the adapter.
#[derive(Clone)]
pub(crate) struct Broker {
    pub(crate) config: Config,
    pub(crate) channel: Channel,
    _connection: Arc<Connection>,
}

/// Makes two tests of each function: one in the process, one on RabbitMQ.
macro_rules! conformance {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn in_process() {
                $crate::harness::in_process(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn rabbitmq() {
                $crate::harness::rabbitmq(super::$name).await;
            }
        }
    )*};
}
pub(crate) use conformance;

/// Makes a test on RabbitMQ of each function.
macro_rules! on_rabbitmq {
    ($($name:ident)*) => {
        mod on_rabbitmq {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                $crate::harness::rabbitmq(super::$name).await;
            }
        )*}
    };
}
pub(crate) use on_rabbitmq;

pub(crate) async fn in_process<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    let queue = Queue::in_process();
    test(Bench { queue, place: Place::Process, locations: Arc::default() }).await;
}

pub(crate) async fn rabbitmq<F>(test: impl FnOnce(Bench) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let broker = Broker::new().await;
    let queue = match Queue::rabbitmq(&broker.config).await {
        Ok(queue) => queue,
        Err(error) => {
            broker.delete(&[]).await;
            panic!("{error:?}");
        }
    };
    let bench = Bench { queue, place: Place::Broker(broker.clone()), locations: Arc::default() };
    let ended = tokio::spawn(test(bench.clone())).await;
    bench.queue.close().await;
    let locations = bench.locations.lock().unwrap().clone();
    broker.delete(&locations).await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

pub(crate) fn messages(count: u16) -> Vec<Message> {
    let id = |number| format!("run_{number:032x}").parse().unwrap();
    (1..=count).map(|number| Message::ExecuteRun { run_id: id(number) }).collect()
}

pub(crate) async fn next(deliveries: &mut Deliveries) -> Delivery {
    let delivery = tokio::time::timeout(LONG, deliveries.next()).await.expect("nothing is delivered");
    delivery.expect("the deliveries have ended")
}

/// What lies where: waiting, with a consumer (where the broker tells), and dead, parked or not.
pub(crate) type Lying = (usize, usize, usize);

impl Bench {
    /// A queue that no other test uses, and that is not declared yet.
    pub(crate) fn fresh(&self) -> Destination {
        let mut locations = self.locations.lock().unwrap();
        let destination = Destination::Runs(format!("place-{}", locations.len()).parse().unwrap());
        locations.push(destination.clone());
        destination
    }

    /// Declares a queue and publishes to it.
    pub(crate) async fn filled(&self, count: u16) -> Destination {
        let destination = self.fresh();
        self.queue.declare(&destination).await.unwrap();
        self.publish(&destination, count).await;
        destination
    }

    pub(crate) async fn publish(&self, destination: &Destination, count: u16) {
        let answers = self.queue.publish(destination, &messages(count)).await.unwrap();
        assert_eq!(answers, vec![Published::Confirmed; count.into()]);
    }

    /// What lies there now. A broker over the network counts a moment late, so that one is asked again.
    pub(crate) async fn comes_to(&self, destination: &Destination, lying: Lying) {
        match &self.place {
            Place::Process => assert_eq!(self.lying(destination, lying).await, lying),
            Place::Broker(_) => self.comes_to_in_time(destination, lying).await,
        }
    }

    /// What lies there when others have done their work.
    pub(crate) async fn comes_to_in_time(&self, destination: &Destination, lying: Lying) {
        let until = tokio::time::Instant::now() + LONG;
        loop {
            let seen = self.lying(destination, lying).await;
            if seen == lying {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "{seen:?} is not {lying:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the broker does not tell is as expected.
    async fn lying(&self, destination: &Destination, expected: Lying) -> Lying {
        let depth = self.queue.depth(destination).await.unwrap().expect("it is declared");
        (depth.ready, depth.unacked.unwrap_or(expected.1), depth.dead + depth.parked)
    }

    /// The same after the adapter has gone: what it had not settled waits again.
    pub(crate) async fn leaves(&self, destination: &Destination, lying: Lying) {
        let Place::Broker(broker) = &self.place else { return self.comes_to(destination, lying).await };
        self.queue.close().await;
        let queue = Queue::rabbitmq(&broker.config).await.unwrap();
        Self { queue: queue.clone(), ..self.clone() }.comes_to(destination, lying).await;
        queue.close().await;
    }

    /// The broker past the adapter; only for tests on RabbitMQ.
    pub(crate) fn broker(&self) -> &Broker {
        match &self.place {
            Place::Broker(broker) => broker,
            Place::Process => unreachable!("this test is one on RabbitMQ"),
        }
    }
}

impl Broker {
    async fn new() -> Self {
        let url = std::env::var("SKOPOS_TEST_RABBITMQ_URL")
            .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
        let prefix = format!("skopos-test-{:016x}", rand::random::<u64>());
        let config = Config { url: Some(url.clone()), prefix };
        let connection = Connection::connect(&url, ConnectionProperties::default()).await;
        let connection = connection.unwrap_or_else(|error| {
            panic!(
                "no RabbitMQ: {error}. These tests need a real one: `docker run -p 5672:5672 rabbitmq:3.13`, or \
                 scripts/ensure-rabbitmq.sh; SKOPOS_TEST_RABBITMQ_URL says where it is"
            )
        });
        let channel = connection.create_channel().await.unwrap();
        Self { config, channel, _connection: Arc::new(connection) }
    }

    /// What a name is on the broker: the queue of a destination, `dead`, `parked`.
    pub(crate) fn name(&self, name: impl std::fmt::Display) -> String {
        format!("{}.{name}", self.config.prefix)
    }

    /// A queue as an administrator's policy might have made it: one that is full soon.
    pub(crate) async fn declare_short(&self, destination: &Destination, length: i32) {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(length));
        let (queue, key) = (self.name(destination), destination.to_string());
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.as_str().into(), options, arguments).await.unwrap();
        let (exchange, key) = (self.name("runs"), key.trim_start_matches("runs."));
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        self.channel.queue_bind(queue.into(), exchange.into(), key.into(), options, arguments).await.unwrap();
    }

    async fn delete(&self, locations: &[Destination]) {
        let channel = self._connection.create_channel().await.unwrap();
        let named = ["notifications", "dead", "parked"].map(str::to_owned);
        for queue in locations.iter().map(ToString::to_string).chain(named) {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(self.name(queue).into(), options).await.unwrap();
        }
        for exchange in ["runs", "notifications", "dead"] {
            let options = ExchangeDeleteOptions::default();
            channel.exchange_delete(self.name(exchange).into(), options).await.unwrap();
        }
        self._connection.close(200, "done".into()).await.unwrap();
    }
}
