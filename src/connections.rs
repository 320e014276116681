//! What roles work with, opened in the order in which it can be missing: first the database, then the broker. Each
//! failure is a sentence for the operator; nothing is tried twice, because whoever starts us does that.

use anyhow::{Context, bail};
use outbound::Outbound;
use queue::Queue;
use store::{SchemaState, Store};

use crate::{config::Config, roles::Roles};

/// Open and checked. Clones share everything.
#[derive(Clone)]
pub(crate) struct Connections {
    /// The rows.
    pub(crate) store: Store,
    /// The wake-up calls.
    pub(crate) queue: Queue,
    /// The door to addresses that users typed.
    pub(crate) outbound: Outbound,
}

impl Connections {
    /// Opens what the configuration names.
    ///
    /// # Errors
    ///
    /// When something is not there, does not let us in, or is of another version.
    pub(crate) async fn open(config: &Config, roles: &Roles) -> anyhow::Result<Self> {
        let store = open_store(config).await?;
        let queue = open_queue(config, roles).await?;
        let outbound = Outbound::new(config.outbound.clone());
        outbound.read_roots()?;
        Ok(Self { store, queue, outbound })
    }
}

/// Opens the database, which has to be of our schema.
async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let store = Store::open(&config.store()?).await.context("the database cannot be opened")?;
    match store.schema_state().await.context("the database's schema cannot be read")? {
        SchemaState::UpToDate => Ok(store),
        SchemaState::Older => {
            bail!("the database's schema is older than this executable: run `skopos migrate`")
        }
        SchemaState::Newer => {
            bail!("the database's schema is newer than this executable: run a newer skopos")
        }
    }
}

/// Without a broker in the configuration the queue is inside this process. An API alone publishes nothing and consumes
/// nothing, so it works while the broker is down.
async fn open_queue(config: &Config, roles: &Roles) -> anyhow::Result<Queue> {
    if config.amqp.url.is_none() || !roles.use_the_queue() {
        return Ok(Queue::in_process());
    }
    Queue::rabbitmq(&config.amqp).await.context("the broker cannot be used")
}
