//! The API role: the only one that opens a port by default. It needs the database and no broker.

use anyhow::Context;
use api::Api;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Serves until `shutdown`, and requests that have begun to their end. `demo_url` is where the demo shop of this
/// process answers, if it has one.
pub(crate) async fn run(
    listener: TcpListener,
    store: Store,
    demo_url: Option<Url>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let state = Api { store, demo_url, version: env!("CARGO_PKG_VERSION") };
    api::serve(listener, state, shutdown).await.context("the API broke")
}
