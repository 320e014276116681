//! The duties of the scheduler against a real embedded database and a real in-process queue, with time moved by hand.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod cleaning;
mod figures;
mod fleet;
mod notifications;
mod prune;
mod quarantine;
mod reap;
mod relay;
mod tick;
mod whole;
