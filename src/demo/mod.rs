//! The demo shop: a small API on a port of its own, for `skopos dev`, for tutorials and for our own tests. It sells,
//! takes payments and books deliveries, keeps the notifications that it is sent, and can be told to break.
//!
//! It is a stand-in for somebody else's system: it knows nothing of Skopos, keeps nothing on disk and holds a bounded
//! amount in memory.

mod auth;
mod cors;
mod error;
mod fault;
mod recent;
mod routes;
mod shop;
mod sink;
#[cfg(test)]
mod tests;

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::Context;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::Html,
    routing::{get, post},
};
use domain::clock::Clock;
use serde::Deserialize;
use tokio::net::TcpListener;

use self::{auth::Tokens, fault::Fault, shop::Shop, sink::Sink};

/// The largest request that the shop reads, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Where the demo shop listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Address and port.
    pub(crate) listen: SocketAddr,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)) }
    }
}

/// Opens the port.
pub(crate) async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.listen;
    TcpListener::bind(address).await.with_context(|| format!("the demo shop cannot listen on {address}"))
}

/// Serves the shop on `listener` until `shutdown` ends.
pub(crate) async fn serve(
    listener: TcpListener,
    clock: impl Clock,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(clock)).with_graceful_shutdown(shutdown).await
}

/// Every route, each with its own state behind it.
fn router(clock: impl Clock) -> Router {
    let for_local_pages = Router::new()
        .route("/faults", get(fault::show).put(fault::set))
        .route("/sink", get(sink::list).post(sink::receive).delete(sink::clear))
        .layer(middleware::from_fn(cors::allow_local_pages));
    Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/login", post(routes::login))
        .route("/carts", post(routes::create_cart))
        .route("/payments", post(routes::pay))
        .route("/orders/{id}/delivery", get(routes::delivery))
        .route("/orders/{id}", axum::routing::delete(routes::cancel))
        .merge(for_local_pages)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Demo::new(clock))
}

/// What the handlers share. Each part has a lock of its own that is never held across an await.
#[derive(Clone)]
struct Demo {
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
    shop: Arc<Mutex<Shop>>,
    sink: Arc<Mutex<Sink>>,
    fault: Arc<Mutex<Fault>>,
}

impl Demo {
    fn new(clock: impl Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            tokens: Arc::new(Tokens::random()),
            shop: Arc::default(),
            sink: Arc::default(),
            fault: Arc::default(),
        }
    }
}

/// Takes a lock that no holder can poison.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of a demo lock panics")
}
