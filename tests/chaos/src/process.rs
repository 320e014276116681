//! Processes that the harness starts, each the head of its own process group, so that all of it can be ended, and
//! nothing else. A process ends with its handle, also when the harness panics.

use std::{
    fs::File,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process_group};
use tokio::time::{Instant, sleep};

/// Something that runs.
#[derive(Debug)]
pub struct Process {
    child: Child,
    started: Instant,
    slept: Duration,
}

impl Process {
    /// Starts it; what it prints is appended to a file.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Self { child, started: Instant::now(), slept: Duration::ZERO })
    }

    /// By which the system knows it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// For how long it has been there, awake.
    pub fn age(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.slept)
    }

    /// It was stopped for so long, and no older for that.
    pub fn slept(&mut self, time: Duration) {
        self.slept += time;
    }

    /// Sends a signal to all of it.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // One that has ended in the meantime is none to send to.
        let _ = pid.map(|pid| kill_process_group(pid, signal));
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// How it ended; nothing when it has not after so long.
    pub async fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Runs a command to its end without holding up the others.
pub async fn run(mut command: Command) -> anyhow::Result<Output> {
    let name = format!("{:?}", command.get_program());
    let output = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output()).await?;
    let output = output.with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed: {}{}", text(&output.stdout), text(&output.stderr));
    }
    Ok(output)
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
