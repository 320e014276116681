//! One run's connections and cookies.

use std::{collections::HashMap, fmt, time::Duration};

use domain::{
    exchange::{Failure, Request, Response, TlsPeer},
    outcome::ReasonCode,
};
use reqwest::cookie::Jar;

use crate::{Outbound, exchange::Exchange, failure::Problem, probe::Connector};

/// Node closes idle connections after five seconds: a request on one that is just being closed would fail for no fault
/// of the target's.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);
const MAX_HEADERS: usize = 256;
const MAX_HEADER_BYTES_HTTP2: u32 = 256 * 1024;
const USER_AGENT: &str = concat!("skopos/", env!("CARGO_PKG_VERSION"));

/// One run's connections and cookies; both end with it. One request at a time, as the steps of a run are.
pub struct Session {
    pub(crate) outbound: Outbound,
    pub(crate) cookies: Jar,
    /// What handshakes showed, by origin and whether anything is accepted: a reused connection makes none of its own.
    pub(crate) certificates: HashMap<(url::Origin, bool), TlsPeer>,
    verifying: Option<reqwest::Client>,
    accepting: Option<reqwest::Client>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive() // the jar holds what targets gave us
    }
}

impl Session {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self {
            outbound,
            cookies: Jar::default(),
            certificates: HashMap::new(),
            verifying: None,
            accepting: None,
        }
    }

    /// Sends the request, follows redirects, reads the whole body.
    ///
    /// # Errors
    ///
    /// When there is no usable answer, with what was measured until then.
    pub async fn send(&mut self, request: &Request) -> Result<Response, Failure> {
        let mut exchange = Exchange::new(self, request);
        match tokio::time::timeout(request.timeout, exchange.run()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(problem)) => Err(exchange.failed(problem)),
            Err(_) => Err(exchange.timed_out()),
        }
    }

    /// Built when first needed: most runs need one of the two, some need none.
    pub(crate) fn client(&mut self, accept_invalid: bool) -> Result<reqwest::Client, Problem> {
        let slot = if accept_invalid { &mut self.accepting } else { &mut self.verifying };
        if let Some(client) = slot {
            return Ok(client.clone());
        }
        let client = build(&self.outbound, accept_invalid).map_err(|error| {
            tracing::error!(%error, "an HTTP client could not be built");
            Problem::new(ReasonCode::Internal, "the HTTP client could not be built")
        })?;
        Ok(slot.insert(client).clone())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds clients: this is the door to the network"
)]
fn build(outbound: &Outbound, accept_invalid: bool) -> reqwest::Result<reqwest::Client> {
    let shared = &outbound.shared;
    let tls = if accept_invalid { &shared.accepting } else { &shared.verifying };
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(shared.resolver.clone())
        .connector_layer(tower::layer::layer_fn(Connector))
        .redirect(reqwest::redirect::Policy::none()) // ours are checked hop by hop
        .retry(reqwest::retry::never()) // a request that we did not count would go unreported
        .no_proxy() // a proxy would resolve names where the policy cannot see it
        .referer(false)
        .user_agent(USER_AGENT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_BYTES_HTTP2)
        .build()
}
