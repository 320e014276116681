//! How the process is asked to stop. What stopping means is decided by those who are stopped.

use tokio::signal::unix::{SignalKind, signal};

/// Ends at the first SIGTERM or SIGINT after the call.
pub(crate) fn requested() -> impl Future<Output = ()> + Send + 'static {
    let [mut terminate, mut interrupt] = [SignalKind::terminate(), SignalKind::interrupt()]
        .map(|kind| signal(kind).expect("SIGTERM and SIGINT can be handled"));
    async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
