//! Whether a process lives, and whether it can work: a tiny HTTP server for roles that open no port by themselves. It
//! says nothing else, so it may listen where the API may not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use queue::Destination;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::connections::Connections;

/// Within this time the connections have answered, or the process is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// `[health]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Address and port; nothing is opened when absent.
    pub(crate) listen: Option<SocketAddr>,
}

/// Opens the port, when there is to be one.
pub(crate) async fn bind(config: &Config) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = config.listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).with_context(|| format!("the health listener cannot listen on {address}"))
}

/// Serves until it is dropped: also while roles drain, so that nobody takes a process that ends in order for dead.
pub(crate) async fn serve(listener: TcpListener, connections: Connections, shutdown: CancellationToken) {
    let state = Arc::new(Probe { connections: Mutex::new(connections), shutdown });
    let router =
        Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(state);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the health listener broke");
    }
}

struct Probe {
    /// Asked by one request at a time: whoever reaches the port must not be able to use up the connections.
    connections: Mutex<Connections>,
    shutdown: CancellationToken,
}

/// Never asks the database: a process is not to be killed because its database is down.
async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn readyz(State(probe): State<Arc<Probe>>) -> (StatusCode, Json<Value>) {
    match probe.unready().await {
        None => (StatusCode::OK, Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))),
        Some(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "unavailable", "reason": reason })))
        }
    }
}

impl Probe {
    /// Why this process cannot work just now.
    async fn unready(&self) -> Option<&'static str> {
        if self.shutdown.is_cancelled() {
            return Some("the process is stopping");
        }
        let asked = timeout(PATIENCE, async { ask(&*self.connections.lock().await).await }).await;
        asked.unwrap_or(Some("the connections do not answer in time"))
    }
}

async fn ask(connections: &Connections) -> Option<&'static str> {
    let asked = async { store::now(&mut connections.store.read().await?).await };
    if let Err(error) = asked.await {
        tracing::debug!(%error, "not ready");
        return Some("the database does not answer");
    }
    if let Err(error) = connections.queue.depth(&Destination::Notifications).await {
        tracing::debug!(%error, "not ready");
        return Some("the broker does not answer");
    }
    None
}
