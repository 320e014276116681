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

use std::{fmt, sync::Arc};

use rustls::client::danger::ServerCertVerifier;

pub use crate::{config::Config, policy::AddressPolicy, session::Session};
use crate::{
    resolver::{Lookup, Resolver},
    tls::Tls,
};

/// Why outgoing requests cannot be made at all.
#[derive(Debug, thiserror::Error)]
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
    /// Believes the operating system's authorities.
    pub(crate) tls: Tls,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("policy", &self.shared.resolver.policy).finish_non_exhaustive()
    }
}

impl Outbound {
    /// Reads the operating system's root certificates.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn new(config: Config) -> Result<Self, Error> {
        let verifier = rustls_platform_verifier::Verifier::new(tls::provider()).map_err(Error::Roots)?;
        Ok(Self::assemble(AddressPolicy::new(config.allow), resolver::system(), Arc::new(verifier)))
    }

    fn assemble(policy: AddressPolicy, lookup: Lookup, verifier: Arc<dyn ServerCertVerifier>) -> Self {
        let shared = Shared { resolver: Resolver::new(policy, lookup), tls: Tls::new(verifier) };
        Self { shared: Arc::new(shared) }
    }

    /// One per run: connections and cookies are reused within it and never beyond.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::new(self.clone())
    }
}
