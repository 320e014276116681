//! RabbitMQ, over AMQP 0-9-1. Two connections, each opened again when it is lost: one publishes, the other consumes,
//! declares and counts. Nothing about messages is kept in memory beyond what is in flight.

mod address;
mod consumer;
mod link;
mod publisher;
mod receipt;
mod refusal;
mod topology;

use std::{fmt, sync::Arc};

use lapin::{Channel, options::QueueDeclareOptions, types::FieldTable};
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

pub(crate) use self::receipt::Receipt;
use self::{
    address::Address,
    consumer::Source,
    link::{Link, OPENING, answered, silent},
    publisher::Publisher,
    refusal::{is_not_found, unreachable},
    topology::Topology,
};
use crate::{Config, Deliveries, Depth, Destination, Error, Message, Published};

/// Dead letters in hand at a time: each is one small statement.
const DEAD_LETTERS: u16 = 64;

/// A RabbitMQ. Clones share its connections.
#[derive(Clone)]
pub struct RabbitMq {
    site: Arc<Site>,
    publisher: Arc<Publisher>,
}

/// Where the broker is, what things are called there, and the connection that does not publish.
struct Site {
    address: Address,
    topology: Topology,
    consuming: Mutex<Option<Arc<Link>>>,
    closed: CancellationToken,
}

impl RabbitMq {
    /// Connects, to find out now what would not work later.
    pub(crate) async fn connect(config: &Config) -> Result<Self, Error> {
        let url = config.url.as_deref();
        let url = url.ok_or_else(|| Error::Refused("no URL of a broker is configured".to_owned()))?;
        let site = Site {
            address: Address::parse(url)?,
            topology: Topology::new(&config.prefix),
            consuming: Mutex::default(),
            closed: CancellationToken::new(),
        };
        site.consuming().await?;
        Ok(Self { site: Arc::new(site), publisher: Arc::default() })
    }

    pub(crate) async fn declare(&self, destination: &Destination) -> Result<(), Error> {
        let site = &self.site;
        let link = site.consuming().await?;
        let declare = async {
            let channel = link.channel().await?;
            site.topology.declare_destination(&channel, destination).await?;
            channel.close(200, "declared".into()).await
        };
        answered(&site.address, &site.topology, declare).await
    }

    pub(crate) async fn publish(
        &self,
        destination: &Destination,
        messages: &[Message],
    ) -> Result<Vec<Published>, Error> {
        self.publisher.publish(&self.site, destination, messages).await
    }

    pub(crate) async fn consume(
        &self,
        destination: &Destination,
        prefetch: u16,
    ) -> Result<Deliveries, Error> {
        consumer::deliveries(self.site.clone(), Source::Destination(destination.clone()), prefetch).await
    }

    pub(crate) async fn dead_letters(&self) -> Result<Deliveries, Error> {
        consumer::deliveries(self.site.clone(), Source::DeadLetters, DEAD_LETTERS).await
    }

    pub(crate) async fn depth(&self, destination: &Destination) -> Result<Option<Depth>, Error> {
        let Site { topology, address, .. } = &*self.site;
        let link = self.site.consuming().await?;
        let count = async {
            let Some((ready, consumers)) = count(&link, &topology.queue(destination)).await? else {
                return Ok(None);
            };
            let (dead, _) = count(&link, &topology.dead()).await?.unwrap_or_default();
            let (parked, _) = count(&link, &topology.parked()).await?.unwrap_or_default();
            Ok(Some(Depth { ready, consumers, unacked: None, dead, parked }))
        };
        answered(address, topology, count).await
    }

    /// Ends both connections in order. What consumers have in hand comes again; they wait for ever from now on.
    pub(crate) async fn close(&self) {
        self.site.closed.cancel();
        let consuming = self.site.consuming.lock().await.take();
        let consumed = async {
            if let Some(link) = consuming {
                link.close().await;
            }
        };
        tokio::join!(self.publisher.close(), consumed);
    }
}

impl Site {
    async fn open(&self, purpose: &str) -> Result<Link, Error> {
        if self.closed.is_cancelled() {
            return Err(unreachable("this process has taken its leave of the broker"));
        }
        Link::open(&self.address, &self.topology, purpose).await
    }

    /// The connection that does not publish.
    async fn consuming(&self) -> Result<Arc<Link>, Error> {
        let mut current =
            timeout(OPENING, self.consuming.lock()).await.map_err(|_| silent(&self.address, OPENING))?;
        if let Some(link) = current.as_ref().filter(|link| link.is_open()) {
            return Ok(link.clone());
        }
        *current = None;
        let link = Arc::new(self.open("consumer").await?);
        *current = Some(link.clone());
        Ok(link)
    }
}

/// How many messages wait and how many consumers there are; none when there is no such queue. On a channel of its own,
/// because asking for what is not there costs the channel.
async fn count(link: &Link, queue: &str) -> lapin::Result<Option<(usize, usize)>> {
    let channel: Channel = link.channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
        Ok(counted) => {
            channel.close(200, "counted".into()).await?;
            Ok(Some((counted.message_count() as usize, counted.consumer_count() as usize)))
        }
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Site { address, topology, .. } = &*self.site;
        f.debug_struct("RabbitMq")
            .field("address", address)
            .field("vhost", &address.vhost)
            .field("prefix", &topology.prefix())
            .finish_non_exhaustive()
    }
}
