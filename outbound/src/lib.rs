//! HTTP to addresses that a user typed, behind one address policy.
//!
//! The only crate that may open such a socket: the run's requests and the notifier's channels go through here. An
//! [`Outbound`] lives as long as the process, a [`Session`] as long as one run. No retries, no polling, no assertions:
//! one [`Request`](domain::exchange::Request) in, one answer or one named failure out.

mod config;
mod policy;
mod session;

use std::sync::Arc;

pub use crate::{config::Config, policy::AddressPolicy, session::Session};

/// Why outgoing requests cannot be made at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system's certificates could not be read.
    #[error("no usable root certificates on this system")]
    Roots(#[source] rustls::Error),
}

/// What all sessions of a process share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    pub(crate) policy: Arc<AddressPolicy>,
}

impl Outbound {
    /// Reads the operating system's root certificates.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { policy: Arc::new(AddressPolicy::new(config.allow)) })
    }

    /// One per run: connections and cookies are reused within it and never beyond.
    #[must_use]
    pub fn session(&self) -> Session {
        Session { _outbound: self.clone() }
    }
}
