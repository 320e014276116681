//! Ports for what the harness starts: below those that the system hands out to clients, so that nobody takes one between
//! the look and the start.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Below Linux's default range for clients, which begins at 32 768.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Looks for ports that nobody listens on.
#[derive(Debug)]
pub struct Ports(StdRng);

impl Ports {
    /// Two harnesses on one machine begin to look at different places.
    #[expect(
        clippy::new_without_default,
        reason = "two of them in one process would look at the same places"
    )]
    pub fn new() -> Self {
        Self(StdRng::seed_from_u64(u64::from(std::process::id())))
    }

    /// One that is free now.
    pub fn free(&mut self) -> anyhow::Result<u16> {
        let mut tries = (0..1_000).map(|_| self.0.random_range(RANGE));
        tries.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no port is free")
    }
}
