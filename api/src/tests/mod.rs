//! The API as its callers see it: over HTTP, on a database of its own. The files mirror the paths.

mod access;
mod client;
mod collections;
mod drafts;
mod environments;
mod fleet;
mod incidents;
mod monitors;
mod notifications;
mod openapi;
mod pages;
mod process;
mod refusals;
mod runs;

pub(crate) use self::client::Client;
