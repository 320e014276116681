//! One run's connections and cookies.

use std::{collections::HashMap, fmt, pin::Pin, time::Duration};

use cookie_store::CookieStore;
use domain::exchange::{Failure, Request, Response};
use tokio::time::{Instant, Sleep, sleep};
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
    /// The time that a request may take. One clock for all of them: to set it costs less than to make it.
    timer: Option<Pin<Box<Sleep>>>,
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
            timer: None,
        }
    }

    /// Sends the request, follows redirects, reads the whole body.
    ///
    /// # Errors
    ///
    /// When there is no usable answer, with what was measured until then.
    pub async fn send(&mut self, request: &Request) -> Result<Box<Response>, Failure> {
        self.outbound.shared.prepare(request);
        let mut timer = self.timer(request.timeout);
        let mut exchange = Exchange::new(self, request);
        // On the heap, for it would make the state of a whole run large, which is moved about.
        let ended = tokio::select! {
            biased;
            ended = Box::pin(exchange.run()) => Some(ended),
            () = &mut timer => None,
        };
        let answered = match ended {
            Some(Ok(response)) => Ok(response),
            Some(Err(problem)) => Err(exchange.failed(problem)),
            None => Err(exchange.timed_out()),
        };
        self.timer = Some(timer);
        answered
    }

    fn timer(&mut self, timeout: Duration) -> Pin<Box<Sleep>> {
        let Some(mut timer) = self.timer.take() else { return Box::pin(sleep(timeout)) };
        timer.as_mut().reset(Instant::now() + timeout);
        timer
    }

    /// What is sent from now on comes from another visitor. Connections stay: nobody is known by them.
    pub fn forget_cookies(&mut self) {
        self.cookies = CookieStore::default();
    }
}
