//! One run's connections and cookies.

use std::{collections::HashMap, fmt};

use cookie_store::CookieStore;
use domain::exchange::{Failure, Request, Response};
use url::Url;

use crate::{Outbound, exchange::Exchange, pool::Pool};

/// One run's connections and cookies; both end with it. One request at a time, as the steps of a run are.
pub struct Session {
    pub(crate) outbound: Outbound,
    pub(crate) cookies: CookieStore,
    /// How often each nonce of a Digest server was used.
    pub(crate) nonces: HashMap<String, u32>,
    pub(crate) connections: Pool,
    /// Where the last request was answered.
    pub(crate) last: Option<Url>,
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
            cookies: CookieStore::default(),
            nonces: HashMap::new(),
            connections: Pool::default(),
            last: None,
        }
    }

    /// Sends the request, follows redirects, reads the whole body.
    ///
    /// # Errors
    ///
    /// When there is no usable answer, with what was measured until then.
    pub async fn send(&mut self, request: &Request) -> Result<Box<Response>, Failure> {
        self.outbound.shared.prepare(request);
        let mut exchange = Exchange::new(self, request);
        // On the heap, for it would make the state of a whole run large, which is moved about.
        match tokio::time::timeout(request.timeout, Box::pin(exchange.run())).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(problem)) => Err(exchange.failed(problem)),
            Err(_) => Err(exchange.timed_out()),
        }
    }

    /// What is sent from now on comes from another visitor. Connections stay: nobody is known by them.
    pub fn forget_cookies(&mut self) {
        self.cookies = CookieStore::default();
    }
}
