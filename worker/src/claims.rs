//! Claims runs, many in one transaction.

use std::{collections::HashMap, sync::Arc};

use domain::{
    id::{RunId, WorkerId},
    run::Run,
};
use store::{Store, runs};

use crate::{batch::Batcher, lease::Lease, patience::Patience};

/// Runs per transaction, at most.
const BATCH: usize = 256;

/// Answers the run, now ours, and the id under which it is; `None` for a duplicate or one that came too late.
pub(crate) type Claims = Batcher<RunId, Option<(Run, WorkerId)>>;

pub(crate) fn spawn(store: Store, lease: Arc<Lease>) -> Claims {
    Batcher::spawn(BATCH, move |ids: Vec<RunId>| {
        let (store, lease) = (store.clone(), lease.clone());
        async move {
            let owner = lease.id();
            let mut claimed: HashMap<RunId, Run> =
                claim(&store, owner, &ids).await.into_iter().map(|run| (run.id, run)).collect();
            ids.iter().map(|id| claimed.remove(id).map(|run| (run, owner))).collect()
        }
    })
}

/// Tries until the database has answered. A claim whose COMMIT got lost may have happened: such runs are ours without
/// anybody executing them, so they are handed back before the next try.
async fn claim(store: &Store, owner: WorkerId, ids: &[RunId]) -> Vec<Run> {
    let ids: Arc<[RunId]> = ids.into();
    let mut patience = Patience::new();
    let mut in_doubt = false;
    loop {
        let batch = ids.clone();
        let claimed = store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                if in_doubt {
                    runs::hand_back(conn, owner, &batch, now).await?;
                }
                runs::claim(conn, owner, &batch, now).await
            })
        });
        match claimed.await {
            Ok(runs) => return runs,
            Err(error) if error.is_retryable() => {
                patience.wait("claiming runs", &error).await;
                in_doubt = true;
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "runs could not be claimed");
                return Vec::new();
            }
        }
    }
}
