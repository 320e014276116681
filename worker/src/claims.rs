//! Claims runs, many in one transaction.

use std::{collections::HashMap, sync::Arc};

use domain::{
    id::{RunId, WorkerId},
    run::Run,
};
use store::{Patience, Store, runs};

use crate::{
    batch::Batcher,
    lease::Lease,
    running::{InHand, Running},
};

/// Runs per transaction, at most.
const BATCH: usize = 256;

/// A run that is ours now.
pub(crate) struct Claimed {
    pub(crate) run: Run,
    /// The id under which it is.
    pub(crate) owner: WorkerId,
    /// In hand from the claim on, so that no duplicate of its message and no look at what lies about takes it away.
    pub(crate) in_hand: InHand,
}

/// `None` for a duplicate, or one that came too late.
pub(crate) type Claims = Batcher<RunId, Option<Claimed>>;

pub(crate) fn spawn(store: Store, lease: Arc<Lease>, running: Running) -> Claims {
    Batcher::spawn(BATCH, move |ids: Vec<RunId>| {
        let (store, lease, running) = (store.clone(), lease.clone(), running.clone());
        async move {
            let owner = lease.id();
            let wanted: Arc<[RunId]> = ids.iter().copied().filter(|id| !running.holds(*id)).collect();
            let runs = claim(&store, owner, wanted).await;
            let mut claimed: HashMap<RunId, Claimed> = HashMap::with_capacity(runs.len());
            for run in runs {
                let in_hand = running.begin(run.id);
                claimed.insert(run.id, Claimed { run, owner, in_hand });
            }
            ids.iter().map(|id| claimed.remove(id)).collect()
        }
    })
}

/// Tries until the database has answered. A claim whose COMMIT got lost may have happened: such runs are ours without
/// anybody executing them, so they are handed back first.
async fn claim(store: &Store, owner: WorkerId, ids: Arc<[RunId]>) -> Vec<Run> {
    let claimed = store.write_patiently(Patience::new("claiming runs"), move |conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            if conn.in_doubt() {
                runs::hand_back(conn, owner, &ids, now).await?;
            }
            runs::claim(conn, owner, &ids, now).await
        })
    });
    claimed.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "runs could not be claimed");
        Vec::new()
    })
}
