//! Servers, processes and a little HTTP of the harness's own: what the chaos harness and the benchmarks of a fleet both
//! stand on. It uses none of Skopos's code.

pub mod clock;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod rabbitmq;
pub mod web;
