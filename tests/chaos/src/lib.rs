//! Servers, processes and a little HTTP of the harness's own, and stand-ins for those who are told: what the chaos harness,
//! the proofs of notifications and the benchmarks of a fleet stand on. It uses none of Skopos's code.

pub mod clock;
pub mod ground;
pub mod launch;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod rabbitmq;
pub mod receivers;
pub mod web;
