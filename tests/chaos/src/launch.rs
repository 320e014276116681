//! How a harness begins and ends: which executable it starts, and that everything that it started ends with it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

/// The executable that was built beside this one, unless another one is named.
///
/// # Errors
///
/// When there is none; says how to build it.
pub fn skopos(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("skopos"));
    let path = named.or_else(beside).context("this executable does not know where it is")?;
    if !path.exists() {
        bail!(
            "{} is missing; build it with `cargo build --bin skopos --features planted-bugs`",
            path.display()
        );
    }
    Ok(path.canonicalize()?)
}

/// Everything that was started ends with the runtime, before its folder goes.
///
/// # Errors
///
/// Those of the campaign, or the name of the signal that ended it.
pub fn until_interrupted<T>(campaign: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Runtime::new()?;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = campaign => ended,
            name = interrupted() => Err(anyhow::anyhow!("stopped by {name}")),
        }
    });
    drop(runtime);
    ended
}

async fn interrupted() -> &'static str {
    let hears = |kind| signal(kind).expect("these signals can be listened to");
    let (mut interrupt, mut terminate) = (hears(SignalKind::interrupt()), hears(SignalKind::terminate()));
    tokio::select! {
        _ = interrupt.recv() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
    }
}
