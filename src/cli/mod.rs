//! The command line: one file per command, each a recipe. What they share is here: the arguments, the exit codes, and
//! the one place where an error reaches the terminal.

mod apply;
mod channel;
mod config;
mod demo;
mod dev;
mod fmt;
mod healthcheck;
mod migrate;
mod schema;
mod serve;
mod test;
mod validate;
mod version;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::{
    config::{Config, Settings},
    roles::{Role, Roles},
};

/// Watches API workflows: ordered HTTP steps that use each other's answers.
#[derive(Debug, Parser)]
#[command(name = "skopos", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// A TOML file of settings, merged over the defaults and under the environment.
    #[arg(long, global = true, env = "SKOPOS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything and a demo shop, for trying things out.
    Dev(dev::Dev),
    /// Start roles in one process; all of them by default.
    Serve(serve::Serve),
    /// Start the API alone.
    Api,
    /// Start a scheduler alone: it decides what runs, and when.
    Scheduler,
    /// Start a worker alone: it runs the collections of one location.
    Worker,
    /// Start a notifier alone: it tells people.
    Notifier,
    /// Check documents and show everything that is wrong with them.
    Validate(validate::Validate),
    /// Write documents in one style, with their comments.
    Fmt(fmt::Fmt),
    /// Run collections here and now, without a server.
    Test(test::Test),
    /// Bring documents to a server.
    Apply(apply::Apply),
    /// Try a channel out.
    #[command(subcommand)]
    Channel(channel::Command),
    /// Bring the database's schema up to date.
    Migrate(migrate::Migrate),
    /// Check or print the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Ask a process of this configuration whether it lives, for containers.
    Healthcheck(healthcheck::Healthcheck),
    /// Print the JSON Schema of documents, for editors.
    Schema(schema::Schema),
    /// Serve only the demo shop.
    #[command(hide = true)]
    Demo(demo::Demo),
    /// Print the version.
    Version(version::Version),
}

/// How a command ended. Scripts and pipelines rely on the numbers. 2 is clap's: the command line cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked; for `test`: everything passed or was degraded.
    Success = 0,
    /// `test`: something failed; `fmt --check`: something is not formatted; `channel test`: a message did not get
    /// through; `healthcheck`: the process does not answer.
    Failed = 1,
    /// A document is invalid; nothing was sent.
    Invalid = 3,
    /// It could not be done: no file, no server, a setting that is wrong.
    CouldNotRun = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the command and reports its error, once.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let ended = Runtime::new().context("the runtime cannot start").and_then(|runtime| {
        let ended = runtime.block_on(dispatch(arguments));
        // Whoever was told to end at once does not wait for a name server.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(exit) => exit.into(),
        // The reader of our output has gone, as in `skopos … | head`: nobody is left to tell.
        Err(error) if is_broken_pipe(&error) => Exit::Success.into(),
        Err(error) => {
            // When even stderr has gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            Exit::CouldNotRun.into()
        }
    }
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<Exit> {
    let file = arguments.config.as_deref();
    let config = || Config::load(file, environment()).context("the configuration is wrong");
    match arguments.command {
        Command::Dev(command) => command.run(config()?).await,
        Command::Serve(command) => command.run(config()?).await,
        Command::Api => serve::serve(Roles::asked(&[Role::Api]), config()?).await,
        Command::Scheduler => serve::serve(Roles::asked(&[Role::Scheduler]), config()?).await,
        Command::Worker => serve::serve(Roles::asked(&[Role::Worker]), config()?).await,
        Command::Notifier => serve::serve(Roles::asked(&[Role::Notifier]), config()?).await,
        Command::Migrate(command) => command.run(&config()?).await,
        Command::Validate(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Test(command) => command.run(&config()?).await,
        Command::Apply(command) => command.run(&config()?).await,
        Command::Channel(command) => command.run(&config()?).await,
        Command::Schema(command) => command.run(),
        Command::Config(command) => command.run(Settings::read(file, environment())),
        Command::Healthcheck(command) => command.run(&config()?).await,
        Command::Demo(command) => command.run(&config()?).await,
        Command::Version(command) => command.run(),
    }
}

/// What is not UTF-8 is told as what it nearly is; it may be anybody's.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
