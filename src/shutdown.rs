//! How the process is asked to stop. What stopping means is decided by those who are stopped.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, from the moment at which they are listened to: none is lost between two waits, and the first
/// process of a container, for which the kernel knows no default, can be stopped while it still starts.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(crate) fn install() -> Self {
        let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()]
            .map(|kind| signal(kind).expect("SIGTERM and SIGINT can be handled"));
        Self { terminate, interrupt }
    }

    /// Ends at the next signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
