//! The HTTP API and the pages it serves.
//!
//! Turns requests into calls of `store` and errors into `application/problem+json` (RFC 9457). It writes rows: it
//! never publishes a message and never fetches a URL, so it works while the queue is down.
//!
//! `routes` is the table of all operations; the router and `/openapi.json` are both made from it.

mod access;
mod config;
mod documents;
mod drafts;
mod extract;
mod fleet;
mod health;
mod incidents;
mod muting;
mod notifications;
mod openapi;
mod operation;
mod pages;
mod quarantine;
mod query;
mod refusal;
mod router;
mod routes;
mod runs;
mod serve;
#[cfg(test)]
mod tests;

use store::Store;
use url::Url;

pub use config::Config;
pub use router::router;
pub use serve::{Error, bind, check, serve};

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// The rows.
    pub store: Store,
    /// Where the demo shop answers, when this process serves one: the start page shows it.
    pub demo_url: Option<Url>,
    /// Of Skopos, for `/healthz` and `/openapi.json`.
    pub version: &'static str,
}
