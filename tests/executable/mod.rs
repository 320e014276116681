//! The executable, as the tests start it that run a command to its end.

use std::process::{Command, Stdio};

/// Without the settings of whoever runs the tests, and with nobody at the keyboard.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skopos"));
    let is_setting =
        |name: &str| name.starts_with("SKOPOS") || name.starts_with("GITHUB_") || name.contains("_URL");
    for (name, _) in std::env::vars().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}
