//! What the words mean: types, rules and state machines of Skopos, without I/O.
//!
//! Everything here would still be true on paper. No clock, client, logger, row or message lives in this crate, and
//! its Cargo.toml keeps it so.

pub mod answer;
pub mod assertion;
pub mod authorization;
pub mod capture;
pub mod clock;
pub mod document;
pub mod exchange;
pub mod id;
pub mod incident;
mod markup;
pub mod masking;
pub mod notification;
pub mod outcome;
pub mod pem;
pub mod plan;
pub mod planted;
pub mod problem;
pub mod reference;
pub mod result;
pub mod run;
pub mod schedule;
pub mod set_up;
pub mod template;
