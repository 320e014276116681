//! A notifier on a real store, queue and receivers: what the receivers see, and what the rows say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod gate;
mod late;
mod mail;
mod messages;
mod outages;
mod paces;
mod slack;
