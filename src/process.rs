//! Every role in one process. It starts them, stops all when one breaks or a signal comes, and waits for them to end.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use api::Api;
use domain::clock::SystemClock;
use outbound::Outbound;
use queue::Queue;
use store::{SchemaState, Store};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{config::Config, demo, shutdown};

/// After the worker's own grace period, the others have this long to end.
const GRACE: Duration = Duration::from_secs(10);

/// What the roles need, open and checked. Nothing runs yet.
pub(crate) struct Parts {
    config: Config,
    store: Store,
    outbound: Outbound,
    api: TcpListener,
    demo: Option<TcpListener>,
}

/// The roles, running.
pub(crate) struct Process {
    roles: JoinSet<anyhow::Result<()>>,
    shutdown: CancellationToken,
    /// The worker's grace period and a little more.
    grace: Duration,
}

/// Whether the demo shop is served, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DemoShop {
    Open,
    Closed,
}

/// Opens the database, which has to be of our schema.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
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

impl Parts {
    /// Opens everything, ports last.
    ///
    /// # Errors
    ///
    /// When something is not there, or asked for what does not exist yet.
    pub(crate) async fn open(config: Config, demo: DemoShop) -> anyhow::Result<Self> {
        if config.amqp.url.is_some() {
            bail!(
                "AMQP_URL is set, but this version has no RabbitMQ adapter: unset it to use the queue in the process"
            );
        }
        let store = open_store(&config).await?;
        let outbound = Outbound::new(config.outbound.clone())?;
        let api = api::bind(&config.api).await?;
        let demo = match demo {
            DemoShop::Closed => None,
            DemoShop::Open => Some(demo::bind(&config.demo).await?),
        };
        Ok(Self { config, store, outbound, api, demo })
    }

    /// Where the API is.
    pub(crate) fn api_url(&self) -> anyhow::Result<Url> {
        url_of(&self.api)
    }

    /// Where the demo shop is.
    pub(crate) fn demo_url(&self) -> anyhow::Result<Option<Url>> {
        self.demo.as_ref().map(url_of).transpose()
    }

    /// Links in messages lead to the API of this process, unless the configuration has another address for people.
    fn notifying(&self) -> anyhow::Result<notifier::Config> {
        let mut config = self.config.notifier.clone();
        if config.public_url == notifier::Config::default().public_url {
            config.public_url = self.api_url()?.as_str().trim_end_matches('/').to_owned();
        }
        Ok(config)
    }

    /// Starts every role.
    pub(crate) fn start(self) -> anyhow::Result<Process> {
        let (shutdown, mut roles) = (CancellationToken::new(), JoinSet::new());
        let (queue, clock) = (Queue::in_process(), Arc::new(SystemClock));
        let (demo_url, notifying) = (self.demo_url()?, self.notifying()?);
        let Self { config, store, outbound, api, demo } = self;

        let state = Api { store: store.clone(), demo_url, version: env!("CARGO_PKG_VERSION") };
        let served = api::serve(api, state, shutdown.clone());
        roles.spawn(async move { served.await.context("the API broke") });

        let scheduled = scheduler::run(store.clone(), queue.clone(), config.scheduler, shutdown.clone());
        roles.spawn(async move {
            scheduled.await;
            Ok(())
        });

        let grace = config.worker.drain.0 + GRACE;
        let notified = notifier::run(
            store.clone(),
            queue.clone(),
            outbound.clone(),
            clock.clone(),
            notifying,
            shutdown.clone(),
        );
        roles.spawn(async move { notified.await.context("the notifier broke") });
        let worked = worker::run(store, queue, outbound, clock, config.worker, shutdown.clone());
        roles.spawn(async move { worked.await.context("the worker broke") });

        if let Some(demo) = demo {
            let shop = demo::serve(demo, SystemClock, shutdown.clone().cancelled_owned());
            roles.spawn(async move { shop.await.context("the demo shop broke") });
        }
        Ok(Process { roles, shutdown, grace })
    }
}

impl Process {
    /// Until a signal, or until a role breaks; then all roles are asked to end. A second signal ends the process at
    /// once.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let first = tokio::select! {
            () = shutdown::requested() => Ok(()),
            Some(ended) = self.roles.join_next() => outcome(ended),
        };
        let stopped = self.stop().await;
        first.and(stopped)
    }

    /// Asks all roles to end, and waits for them.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        tracing::info!("stopping");
        self.shutdown.cancel();
        let ended = async {
            let mut result = Ok(());
            while let Some(ended) = self.roles.join_next().await {
                result = result.and(outcome(ended));
            }
            result
        };
        tokio::select! {
            ended = timeout(self.grace, ended) => ended.context("some roles did not end in time")?,
            () = shutdown::requested() => bail!("ended by a second signal"),
        }
    }
}

/// A role that panics is as broken as one that answers an error.
fn outcome(ended: Result<anyhow::Result<()>, tokio::task::JoinError>) -> anyhow::Result<()> {
    ended.context("a role panicked")?
}

fn url_of(listener: &TcpListener) -> anyhow::Result<Url> {
    Ok(Url::parse(&format!("http://{}", listener.local_addr()?))?)
}
