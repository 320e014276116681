//! The runs in hand, and the way to stop each of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::id::RunId;
use tokio_util::sync::CancellationToken;

/// The runs that this process is executing. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<RunId, CancellationToken>>>);

/// A run in hand; it is taken off when this is dropped, also by a panic.
pub(crate) struct InHand {
    all: Running,
    run: RunId,
    pub(crate) cancel: CancellationToken,
}

impl Running {
    pub(crate) fn begin(&self, run: RunId) -> InHand {
        let cancel = CancellationToken::new();
        self.lock().insert(run, cancel.clone());
        InHand { all: self.clone(), run, cancel }
    }

    pub(crate) fn holds(&self, run: RunId) -> bool {
        self.lock().contains_key(&run)
    }

    /// Somebody wants it stopped. Nothing happens when it is over already.
    pub(crate) fn stop(&self, run: RunId) {
        if let Some(cancel) = self.lock().get(&run) {
            cancel.cancel();
        }
    }

    pub(crate) fn stop_all(&self) {
        self.lock().values().for_each(CancellationToken::cancel);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.all.lock().remove(&self.run);
    }
}
