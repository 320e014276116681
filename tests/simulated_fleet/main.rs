//! The fleet in one process: real scheduler duties, real workers, a real target, and a clock that the test moves. Each
//! test runs twice: embedded (SQLite, in-process queue) and as a fleet (PostgreSQL, RabbitMQ).

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod drain;
mod ground;
mod harness;
mod lost;
mod set_ups;
mod slots;
mod target;
mod wakeups;
