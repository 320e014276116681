//! What both databases must do: every test here runs on SQLite and on PostgreSQL (but those of
//! `embedded`, which is about the folder).

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod acting;
mod cleanups;
mod confirming;
mod documents;
mod embedded;
mod fixtures;
mod harness;
mod incidents;
mod notifications;
mod opening;
mod owed;
mod owning;
mod quarantines;
mod queues;
mod retention;
mod runs;
mod schema;
mod secrets;
mod set_ups;
mod wakeups;
mod writing;
