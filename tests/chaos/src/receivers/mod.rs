//! Stand-ins for those who are told: as strict as their vendors' documents, and with a memory of everything that they took.
//! What a vendor refuses is refused here, also what is sent faster than it takes it.
//!
//! Each has a pure function that says what is wrong with a message, so that whoever renders messages can be tested
//! without a server.

mod faults;
pub mod mailbox;
pub mod pagerduty;
mod rate;
pub mod slack;
pub mod webhook;
