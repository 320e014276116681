//! HTTP to addresses that a user typed, behind one address policy.
//!
//! The only crate that may open such a socket: the run's requests and the notifier's channels go through here. An
//! [`Outbound`] lives as long as the process, a [`Session`] as long as one run. No retries, no polling, no assertions:
//! one [`Request`](domain::exchange::Request) in, one answer or one named failure out.

mod answer;
mod config;
mod connect;
mod digest;
mod exchange;
mod failure;
mod hop;
mod link;
mod policy;
mod pool;
mod proxy;
mod redirect;
mod resolver;
mod session;
mod tls;
mod trace;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use domain::exchange::Request;
#[cfg(test)]
use rustls::client::danger::ServerCertVerifier;

pub use crate::{config::Config, policy::AddressPolicy, session::Session};
use crate::{
    resolver::{Lookup, Resolver},
    tls::Tls,
};

/// Why outgoing requests cannot be made at all.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The operating system's certificates could not be read.
    #[error("no usable root certificates on this system")]
    Roots(#[source] rustls::Error),
}

/// What all sessions of a process share. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) resolver: Resolver,
    /// Believes the operating system's authorities, which are read when they are first needed.
    tls: OnceLock<Result<Tls, Error>>,
}

impl Shared {
    /// TLS as it is where nobody says otherwise.
    pub(crate) fn tls(&self) -> Result<&Tls, Error> {
        let read = || {
            let verifier = rustls_platform_verifier::Verifier::new(tls::provider()).map_err(Error::Roots)?;
            Ok(Tls::new(Arc::new(verifier)))
        };
        self.tls.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Does what a request needs once in a process's life, so that it is not taken for the target's time. A redirect
    /// from HTTP to HTTPS is not foreseen.
    pub(crate) fn prepare(&self, request: &Request) {
        let secure = |url: &str| url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let proxy = request.connection.proxy.as_ref().map(|proxy| proxy.url().as_str());
        if secure(&request.url) || proxy.is_some_and(secure) {
            let _ = self.tls(); // whoever connects will say what is wrong
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("policy", &self.shared.resolver.policy).finish_non_exhaustive()
    }
}

impl Outbound {
    /// Reads the operating system's root certificates with the first request that needs them.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::assemble(AddressPolicy::new(config.allow), resolver::system(), OnceLock::new())
    }

    /// Reads them now: for processes that are to last, and had better not start without.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn read_roots(&self) -> Result<(), Error> {
        self.shared.tls().map(|_| ())
    }

    fn assemble(policy: AddressPolicy, lookup: Lookup, tls: OnceLock<Result<Tls, Error>>) -> Self {
        let shared = Shared { resolver: Resolver::new(policy, lookup), tls };
        Self { shared: Arc::new(shared) }
    }

    /// With other authorities than the operating system's.
    #[cfg(test)]
    fn believing(policy: AddressPolicy, lookup: Lookup, verifier: Arc<dyn ServerCertVerifier>) -> Self {
        Self::assemble(policy, lookup, OnceLock::from(Ok(Tls::new(verifier))))
    }

    /// One per run: connections and cookies are reused within it and never beyond.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::new(self.clone())
    }
}
