//! What is durable before a request goes out: the marker "an unsafe request is about to be sent", after which a crash does
//! not start the run again, and what its clean-up would have to know. Both in one transaction, for many runs.

use std::sync::Arc;

use store::{
    Patience, Store,
    cleanups::{self, Sealed},
    runs::{self, Held},
};

use crate::batch::Batcher;

const BATCH: usize = 256;

/// What must be durable before a request.
pub(crate) struct Mark {
    /// Which claim of which run.
    pub(crate) held: Held,
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
            let held: Vec<Held> = batch.iter().map(|mark| mark.held).collect();
            let marked = runs::mark_all_unsafe(conn, &held).await?;
            let now = store::now(conn).await?;
            for Mark { held, checkpoint } in batch.iter() {
                if let Some(sealed) = checkpoint.as_ref().filter(|_| marked.contains(&held.run)) {
                    cleanups::save(conn, *held, sealed, now).await?;
                }
            }
            Ok(held.iter().map(|held| marked.contains(&held.run)).collect())
        })
    });
    marked.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "runs could not be marked");
        vec![false; marks.len()]
    })
}
