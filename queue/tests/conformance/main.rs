//! What every broker promises: one suite, run over each adapter, and what only a broker over the network can suffer. The
//! order of messages is not among the promises.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod dead_letters;
mod harness;
mod outages;
mod promises;
mod proxy;
mod refusals;
mod work;
