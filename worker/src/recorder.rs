//! Writes down how runs ended: outcome, result, incident and notifications in one transaction (I6), many runs in each.

use std::{collections::HashSet, sync::Arc};

use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason, ReasonCode},
    result::RunResult,
    run::Run,
};
use store::{
    Conn, Patience, Store, Topic,
    incidents::{Applied, unconfirmed},
    results, runs,
};

use crate::{batch::Batcher, incidents};

/// Runs per transaction, at most.
const BATCH: usize = 256;

/// A run that is over, as its worker knows it.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) run: Run,
    pub(crate) owner: WorkerId,
    pub(crate) flow: Flow,
    pub(crate) result: RunResult,
}

/// What is to be known of the collection that it executed.
#[derive(Clone)]
pub(crate) struct Flow {
    /// For people.
    pub(crate) name: String,
    /// Whether all of it may be sent once more, just to be sure.
    pub(crate) repeatable: bool,
}

/// Answers whether the result was accepted; if not, the run was not ours any more (I3).
pub(crate) type Recorder = Batcher<Ended, bool>;

pub(crate) fn spawn(store: Store) -> Recorder {
    Batcher::spawn(BATCH, move |ended: Vec<Ended>| {
        let store = store.clone();
        async move {
            let order: Vec<RunId> = ended.iter().map(|ended| ended.run.id).collect();
            let Recorded { accepted, refused } = record(&store, ended).await;
            let stale = order.len() - accepted.len() - refused;
            if stale > 0 {
                tracing::warn!(runs = stale, "results came too late: their runs are somebody else's or over");
            }
            order.iter().map(|run| accepted.contains(run)).collect()
        }
    })
}

/// What became of a batch.
#[derive(Default)]
struct Recorded {
    accepted: HashSet<RunId>,
    /// How many the database does not take.
    refused: usize,
}

/// Records a batch; a row that the database refuses for good is found by halving, so that it takes no neighbour along.
async fn record(store: &Store, ended: Vec<Ended>) -> Recorded {
    let mut recorded = Recorded::default();
    let mut batches = vec![ended];
    while let Some(batch) = batches.pop() {
        let batch: Arc<[Ended]> = batch.into();
        match commit(store, batch.clone()).await {
            Ok(runs) => recorded.accepted.extend(runs),
            Err(error) if batch.len() > 1 => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a batch of results was refused; trying its halves"
                );
                let (first, second) = batch.split_at(batch.len() / 2);
                batches.extend([first.to_vec(), second.to_vec()]);
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a result was refused");
                recorded.refused += 1;
                give_up(store, &batch[0].run, "the database refuses it").await;
            }
        }
    }
    recorded
}

/// Tries until the database has answered. When the answer to a COMMIT got lost, the results look stale in the next try:
/// their runs are over, with these results.
async fn commit(store: &Store, batch: Arc<[Ended]>) -> store::Result<Vec<RunId>> {
    let committed = store.write_patiently(Patience::new("recording results"), move |conn| {
        Box::pin(async move { write(conn, &batch).await })
    });
    let (accepted, applied) = committed.await?;
    store.notify(Topic::Results);
    call(store, applied);
    Ok(accepted)
}

/// Calls those whom incidents concern.
pub(crate) fn call(store: &Store, applied: Applied) {
    if applied.told {
        store.notify(Topic::Notifications);
    }
    if applied.asked {
        store.notify(Topic::Runs);
    }
}

/// One transaction. Answers which results were accepted, and whom incidents concern.
async fn write(conn: &mut Conn, ended: &[Ended]) -> store::Result<(Vec<RunId>, Applied)> {
    let now = store::now(conn).await?;
    let finished: Vec<runs::Finished> = ended.iter().map(Ended::finished).collect();
    let accepted = runs::finish(conn, &finished, now).await?;
    let kept: HashSet<RunId> = accepted.iter().copied().collect();
    let ended: Vec<&Ended> = ended.iter().filter(|ended| kept.contains(&ended.run.id)).collect();
    let packed: Vec<(RunId, RunResult)> =
        ended.iter().map(|ended| (ended.run.id, ended.result.clone())).collect();
    results::insert(conn, &packed).await?;
    let applied = incidents::fold(conn, &ended, now).await?;
    Ok((accepted, applied))
}

/// A result cannot be recorded. Its run still gets its one outcome (I2), without the result.
pub(crate) async fn give_up(store: &Store, run: &Run, why: &str) {
    let (id, attempt) = (run.id, run.attempt);
    tracing::error!(run.id = %id, why, "a result cannot be recorded");
    let message = "the result could not be recorded; the worker's log says why";
    let ended = store.write_patiently(Patience::new("ending a run"), move |conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            let reason = Reason::new(ReasonCode::Internal, message);
            runs::end_inconclusive(conn, id, attempt, &reason, now).await?;
            unconfirmed(conn, &[id], now).await
        })
    });
    match ended.await {
        Ok(applied) => call(store, applied),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, run.id = %id, "a run could not be ended");
        }
    }
}

impl Ended {
    /// A run that could not be run, or not be run to its end: the blame is ours.
    pub(crate) fn inconclusive(run: Run, owner: WorkerId, reason: Reason) -> Self {
        let flow = Flow { name: run.collection.slug.to_string(), repeatable: false };
        let result = RunResult {
            outcome: Outcome::Inconclusive,
            reason: Some(reason),
            duration_ms: 0.0,
            set_ups: Vec::new(),
            steps: Vec::new(),
            rows: Vec::new(),
        };
        Self { run, owner, flow, result }
    }

    fn finished(&self) -> runs::Finished {
        runs::Finished {
            run: self.run.id,
            attempt: self.run.attempt,
            worker: self.owner,
            outcome: self.result.outcome,
            reason: self.result.reason.clone(),
        }
    }
}
