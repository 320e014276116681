//! PostgreSQL or embedded SQLite behind one source of queries.
//!
//! [`Store`] opens a database, hands out a [`Conn`] for reading and runs writes as one transaction. Queries are free
//! functions in plural modules (`store::runs::claim(&mut conn, …)`): `conn` first, domain types in and out, so that
//! they compose into one transaction. What a row *means* is `domain`'s; nothing outside this crate knows SQL.

mod backoff;
pub mod channels;
pub mod cleanups;
pub mod collections;
mod config;
mod conn;
pub mod environments;
mod error;
pub mod gaps;
pub mod health;
pub mod incidents;
mod literal;
pub mod monitors;
pub mod notifications;
pub mod paces;
mod paging;
mod patience;
pub mod quarantines;
pub mod queues;
mod references;
pub mod results;
pub mod retention;
pub mod runs;
mod schema;
mod secret;
pub mod set_ups;
mod store;
mod types;
mod wakeup;
pub mod workers;

pub use config::Config;
pub use conn::{Conn, now};
pub use error::{Error, Missing, Result};
pub use paging::{Cursor, CursorError, Listing, Page};
pub use patience::Patience;
pub use secret::{SecretKey, SecretKeyError};
pub use store::{SchemaState, Store};
pub use wakeup::{Listener, Topic};

/// What a PUT did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was none of that id.
    Created,
    /// The document is another one than before.
    Replaced,
    /// The document is the same as before; nothing was written.
    Unchanged,
}
