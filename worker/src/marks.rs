//! What is durable before a request goes out: the marker "an unsafe request is about to be sent", after which a crash does
//! not start the run again, and what its clean-up would have to know. Both in one transaction, for many runs.

use std::sync::Arc;

use domain::id::{RunId, WorkerId};
use store::{
    Patience, Store,
    cleanups::{self, Sealed},
    runs,
};

use crate::batch::Batcher;

const BATCH: usize = 256;

/// Which claim of which run.
pub(crate) struct Mark {
    pub(crate) run: RunId,
    pub(crate) attempt: u32,
    pub(crate) owner: WorkerId,
    /// In collections that clean up, when there is news for that.
    pub(crate) checkpoint: Option<Sealed>,
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
            let now = store::now(conn).await?;
            for Mark { run, attempt, owner, checkpoint } in batch.iter() {
                marked.push(match checkpoint {
                    Some(sealed) => cleanups::save(conn, *run, *attempt, *owner, sealed, now).await?,
                    None => runs::mark_unsafe(conn, *run, *attempt, *owner).await?,
                });
            }
            Ok(marked)
        })
    });
    marked.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "runs could not be marked");
        vec![false; marks.len()]
    })
}
