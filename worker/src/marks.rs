//! The durable marker "an unsafe request is about to be sent": after a crash such a run is not started again.

use std::sync::Arc;

use domain::id::{RunId, WorkerId};
use store::{Patience, Store, runs};

use crate::batch::Batcher;

const BATCH: usize = 256;

/// Which claim of which run.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) run: RunId,
    pub(crate) attempt: u32,
    pub(crate) owner: WorkerId,
}

/// Answers whether the run is still that claim's: if not, nothing may be sent.
pub(crate) type Marks = Batcher<Mark, bool>;

pub(crate) fn spawn(store: Store) -> Marks {
    Batcher::spawn(BATCH, move |marks: Vec<Mark>| {
        let store = store.clone();
        async move { mark(&store, marks.into()).await }
    })
}

async fn mark(store: &Store, marks: Arc<[Mark]>) -> Vec<bool> {
    let batch = marks.clone();
    let marked = store.write_patiently(Patience::new("marking runs"), move |conn| {
        Box::pin(async move {
            let mut marked = Vec::with_capacity(batch.len());
            for Mark { run, attempt, owner } in batch.iter().copied() {
                marked.push(runs::mark_unsafe(conn, run, attempt, owner).await?);
            }
            Ok(marked)
        })
    });
    marked.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "runs could not be marked");
        vec![false; marks.len()]
    })
}
