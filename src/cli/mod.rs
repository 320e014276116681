//! The command line: one file per command, each a recipe. What they share is here: the arguments, the exit codes, and
//! the one place where an error reaches the terminal.

mod apply;
mod demo;
mod dev;
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

use crate::config::Config;

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
    /// Start everything in one process.
    Serve(serve::Serve),
    /// Check documents and show everything that is wrong with them.
    Validate(validate::Validate),
    /// Run collections here and now, without a server.
    Test(test::Test),
    /// Bring documents to a server.
    Apply(apply::Apply),
    /// Bring the database's schema up to date.
    Migrate(migrate::Migrate),
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
    /// `test`: something failed.
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
    match dispatch(arguments) {
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

#[tokio::main]
async fn dispatch(arguments: Arguments) -> anyhow::Result<Exit> {
    let config =
        || Config::load(arguments.config.as_deref(), std::env::vars()).context("the configuration is wrong");
    match arguments.command {
        Command::Dev(command) => command.run(config()?).await,
        Command::Serve(command) => command.run(config()?).await,
        Command::Migrate(command) => command.run(&config()?).await,
        Command::Validate(command) => command.run(),
        Command::Test(command) => command.run(&config()?).await,
        Command::Apply(command) => command.run(&config()?).await,
        Command::Schema(command) => command.run(),
        Command::Demo(command) => command.run(&config()?).await,
        Command::Version(command) => command.run(),
    }
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
