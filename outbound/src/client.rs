//! The clients of a run: one for each way in which its steps want to be connected, so that those that agree share
//! connections. The one place that builds them.

use std::{collections::HashMap, time::Duration};

use domain::{
    exchange::{Connection, HttpVersion, Proxy, TlsPeer},
    outcome::ReasonCode,
};

use crate::{Shared, failure::Problem, hop::check_address, probe::Connector, tls};

/// Node closes idle connections after five seconds: a request on one that is just being closed would fail for no fault
/// of the target's.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);
const MAX_HEADERS: usize = 256;
const MAX_HEADER_BYTES_HTTP2: u32 = 256 * 1024;
const USER_AGENT: &str = concat!("skopos/", env!("CARGO_PKG_VERSION"));

/// Connections of one kind.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    /// What handshakes showed, by origin: a reused connection makes none of its own.
    pub(crate) certificates: HashMap<url::Origin, TlsPeer>,
}

impl Client {
    pub(crate) fn new(shared: &Shared, connection: &Connection) -> Result<Self, Problem> {
        Ok(Self { http: build(shared, connection)?, certificates: HashMap::new() })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds clients: this is the door to the network"
)]
fn build(shared: &Shared, connection: &Connection) -> Result<reqwest::Client, Problem> {
    let unusual =
        connection.accept_invalid_certificates || connection.ca.is_some() || connection.identity.is_some();
    let config = if unusual {
        tls::custom(shared.verifier.clone(), connection)
            .map_err(|message| Problem::new(ReasonCode::ReferenceInvalid, message))?
    } else {
        shared.usual.clone()
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::finish(config, connection.http_version))
        .dns_resolver(shared.resolver.of(connection))
        .connector_layer(tower::layer::layer_fn(Connector))
        .redirect(reqwest::redirect::Policy::none()) // ours are checked hop by hop
        .retry(reqwest::retry::never()) // a request that we did not count would go unreported
        .no_proxy() // the environment's: only what the step says
        .referer(false)
        .user_agent(USER_AGENT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_BYTES_HTTP2);
    builder = match connection.http_version {
        HttpVersion::Auto => builder,
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Http2 => builder.http2_prior_knowledge(),
    };
    if let Some(proxy) = &connection.proxy {
        builder = builder.proxy(checked(shared, connection, proxy)?);
    }
    builder.build().map_err(|error| {
        tracing::error!(%error, "an HTTP client could not be built");
        Problem::new(ReasonCode::Internal, "the HTTP client could not be built")
    })
}

/// A proxy whose address, if it is one, is permitted; that of its name is judged when it is looked up.
fn checked(shared: &Shared, connection: &Connection, proxy: &Proxy) -> Result<reqwest::Proxy, Problem> {
    let unusable = || Problem::new(ReasonCode::ReferenceInvalid, "the proxy's URL cannot be used as it is");
    let url = proxy.url();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if let Ok(address) = host.parse() {
        check_address(address, &shared.resolver.policy, connection)
            .map_err(|problem| Problem { message: format!("the proxy: {}", problem.message), ..problem })?;
    }
    // What hyper cannot read it would pass over, and go without a proxy.
    let read: http::Uri = url.as_str().parse().map_err(|_| unusable())?;
    read.authority().filter(|authority| !authority.host().is_empty()).ok_or_else(unusable)?;
    reqwest::Proxy::all(url.as_str()).map_err(|_| unusable())
}
