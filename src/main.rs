//! The one executable. It reads the command line, the configuration and the environment, starts what they ask for,
//! and turns the end of it into an exit code. What Skopos does is decided in the other crates.

mod apply;
mod cli;
mod client;
mod config;
mod connections;
mod demo;
mod documents;
mod formatting;
mod health;
mod logging;
mod parts;
mod process;
mod report;
mod roles;
mod shutdown;
mod terminal;
mod trial;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A run makes hundreds of small values and drops them together; the C library's allocator takes a third of a run's
/// instructions for that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing has chosen a TLS provider before the first line of main");
    cli::run(cli::Arguments::parse())
}
