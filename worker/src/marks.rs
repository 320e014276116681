//! The durable marker "an unsafe request is about to be sent": after a crash such a run is not started again.

use std::sync::Arc;

use store::{
    Patience, Store,
    runs::{self, Held},
};

use crate::batch::Batcher;

const BATCH: usize = 256;

/// Answers whether the run is still that claim's: if not, nothing may be sent.
pub(crate) type Marks = Batcher<Held, bool>;

pub(crate) fn spawn(store: Store) -> Marks {
    Batcher::spawn(BATCH, move |marks: Vec<Held>| {
        let store = store.clone();
        async move { mark(&store, marks.into()).await }
    })
}

async fn mark(store: &Store, marks: Arc<[Held]>) -> Vec<bool> {
    let batch = marks.clone();
    let marked = store.write_patiently(Patience::new("marking runs"), move |conn| {
        Box::pin(async move {
            let marked = runs::mark_all_unsafe(conn, &batch).await?;
            Ok(batch.iter().map(|held| marked.contains(&held.run)).collect())
        })
    });
    marked.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "runs could not be marked");
        vec![false; marks.len()]
    })
}
