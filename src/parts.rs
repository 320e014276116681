//! A process before it runs: what its roles need, open and checked. The order is configuration, database, broker,
//! ports; what cannot work stops the start before anything has begun.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use anyhow::Context;
use domain::clock::SystemClock;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use url::Url;

use crate::{
    config::Config,
    connections::Connections,
    demo, health,
    process::Process,
    roles::{Role, Roles, api, notifier, scheduler, worker},
};

/// After the worker's own grace period, the others have this long to end.
const GRACE: Duration = Duration::from_secs(10);

/// What the roles need. Nothing runs yet.
pub(crate) struct Parts {
    roles: Roles,
    config: Config,
    connections: Connections,
    api: Option<TcpListener>,
    health: Option<TcpListener>,
    demo: Option<TcpListener>,
}

/// Whether the demo shop is served, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DemoShop {
    Open,
    Closed,
}

impl Parts {
    /// Opens everything, ports last.
    ///
    /// # Errors
    ///
    /// When something is not there, or these roles cannot work with what is configured.
    pub(crate) async fn open(roles: Roles, config: Config, demo: DemoShop) -> anyhow::Result<Self> {
        config.check().context("the configuration is wrong")?;
        roles.check(&config)?;
        if roles.have(Role::Notifier) {
            config.smtp()?;
        }
        let connections = Connections::open(&config, &roles).await?;
        let api = if roles.have(Role::Api) { Some(::api::bind(&config.api).await?) } else { None };
        let health = health::bind(&config.health).await?;
        let demo = match demo {
            DemoShop::Closed => None,
            DemoShop::Open => Some(demo::bind(&config.demo).await?),
        };
        let mut parts = Self { roles, config, connections, api, health, demo };
        parts.config.notifier.public_url = parts.public_url();
        Ok(parts)
    }

    /// Where the API is, when this process serves it.
    pub(crate) fn api_url(&self) -> Option<Url> {
        self.api.as_ref().map(url_of)
    }

    /// Where the demo shop is, when this process serves it.
    pub(crate) fn demo_url(&self) -> Option<Url> {
        self.demo.as_ref().map(url_of)
    }

    /// What this process is, one line for each role and port.
    pub(crate) fn introduction(&self) -> String {
        let mut lines = String::new();
        for role in self.roles.iter() {
            let about = match role {
                Role::Api => self.api_url().map(String::from).unwrap_or_default(),
                Role::Scheduler => scheduler::introduction(&self.config),
                Role::Worker => worker::introduction(&self.config),
                Role::Notifier => notifier::introduction(&self.config),
            };
            let _ = writeln!(lines, "skopos {role}  {about}");
        }
        if let Some(health) = &self.health {
            let _ = writeln!(lines, "health  {}", url_of(health));
        }
        lines
    }

    /// Links in messages lead to where the API listens, unless the configuration has another address for people.
    fn public_url(&self) -> String {
        let configured = &self.config.notifier.public_url;
        if *configured != ::notifier::Config::default().public_url {
            return configured.clone();
        }
        let elsewhere = || Some(self.config.api.listen).filter(|listen| listen.port() != 0).map(url);
        let api = self.api_url().or_else(elsewhere);
        api.map_or_else(|| configured.clone(), |url| url.as_str().trim_end_matches('/').to_owned())
    }

    /// Starts every role.
    pub(crate) fn start(self) -> Process {
        let (shutdown, mut running) = (CancellationToken::new(), JoinSet::new());
        let demo_url = self.demo_url();
        let Self { roles, config, connections, mut api, health, demo } = self;
        for role in roles.iter() {
            let (config, connections, shutdown) = (config.clone(), connections.clone(), shutdown.clone());
            match role {
                Role::Api => {
                    let listener =
                        api.take().expect("the port of the API is open when it is among the roles");
                    running.spawn(api::run(listener, connections.store, demo_url.clone(), shutdown))
                }
                Role::Scheduler => running.spawn(scheduler::run(config, connections, shutdown)),
                Role::Worker => running.spawn(worker::run(config, connections, shutdown)),
                Role::Notifier => running.spawn(notifier::run(config, connections, shutdown)),
            };
        }
        if let Some(demo) = demo {
            let shop = demo::serve(demo, SystemClock, shutdown.clone().cancelled_owned());
            running.spawn(async move { shop.await.context("the demo shop broke") });
        }
        let health = health.map(|listener| {
            let served = health::serve(listener, connections.clone(), shutdown.clone());
            AbortOnDropHandle::new(tokio::spawn(served))
        });
        let grace = config.worker.drain.0 + GRACE;
        Process::new(running, shutdown, grace, connections.queue, health)
    }
}

fn url_of(listener: &TcpListener) -> Url {
    url(listener.local_addr().expect("a listener that is open has an address"))
}

fn url(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}")).expect("an address with a port makes a URL")
}
