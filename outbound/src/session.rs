//! One run's connections and cookies.

use std::{collections::HashMap, fmt};

use domain::exchange::{Connection, Failure, Request, Response};
use reqwest::cookie::Jar;

use crate::{Outbound, client::Client, exchange::Exchange, failure::Problem};

/// One run's connections and cookies; both end with it. One request at a time, as the steps of a run are.
pub struct Session {
    pub(crate) outbound: Outbound,
    pub(crate) cookies: Jar,
    /// How often each nonce of a Digest server was used.
    pub(crate) nonces: HashMap<String, u32>,
    clients: HashMap<Connection, Client>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive() // the jar holds what targets gave us
    }
}

impl Session {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound, cookies: Jar::default(), nonces: HashMap::new(), clients: HashMap::new() }
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

    /// What is sent from now on comes from another visitor. Connections stay: nobody is known by them.
    pub fn forget_cookies(&mut self) {
        self.cookies = Jar::default();
    }

    /// Built when first needed: most runs need one, some need none.
    pub(crate) fn client(&mut self, connection: &Connection) -> Result<&mut Client, Problem> {
        // Looked up twice, so that keys and certificates are copied once per run and not for every request.
        if !self.clients.contains_key(connection) {
            self.clients.insert(connection.clone(), Client::new(&self.outbound.shared, connection)?);
        }
        Ok(self.clients.get_mut(connection).expect("it was there or has just been put there"))
    }
}
