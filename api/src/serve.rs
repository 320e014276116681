//! Listening, and stopping in order.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Api, Config, router};

/// Why the API does not serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Anybody who reaches the address could read and change everything.
    #[error(
        "the API has no accounts yet, so it listens on loopback addresses only (127.0.0.1, ::1), not on {0}: \
         put a proxy that knows your users in front of it"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken, or not one of this machine.
    #[error("the API cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The listener broke.
    #[error("the API cannot serve")]
    Serve(#[source] io::Error),
}

/// Whether the port is one that may be opened, without opening it.
pub fn check(config: &Config) -> Result<(), Error> {
    only_loopback(config.listen)
}

/// Opens the port, if it is one that may be opened.
pub async fn bind(config: &Config) -> Result<TcpListener, Error> {
    check(config)?;
    TcpListener::bind(config.listen).await.map_err(|error| Error::Listen(config.listen, error))
}

/// Serves until `shutdown` is cancelled, then lets requests that have begun come to their end.
pub async fn serve(listener: TcpListener, api: Api, shutdown: CancellationToken) -> Result<(), Error> {
    only_loopback(listener.local_addr().map_err(Error::Serve)?)?;
    axum::serve(listener, router(api))
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
        .map_err(Error::Serve)
}

fn only_loopback(address: SocketAddr) -> Result<(), Error> {
    if address.ip().to_canonical().is_loopback() { Ok(()) } else { Err(Error::NotLoopback(address)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_others_reach_is_refused_before_it_is_opened() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080", "[::ffff:192.0.2.1]:8080"] {
            let config = Config { listen: address.parse().unwrap() };
            let error = bind(&config).await.unwrap_err();
            assert!(matches!(error, Error::NotLoopback(_)), "{address}: {error}");
        }
    }

    #[tokio::test]
    async fn a_loopback_address_is_opened() {
        let listener = bind(&Config { listen: "127.0.0.1:0".parse().unwrap() }).await.unwrap();
        let taken = Config { listen: listener.local_addr().unwrap() };
        assert!(matches!(bind(&taken).await, Err(Error::Listen(..))));
    }
}
