//! Runs that are lost after an unsafe request, where there is something to clean up from.

use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, ReasonCode, RunState},
    run::Checkpoint,
};
use serde_json::json;
use store::{Topic, cleanups, quarantines, runs::Held};

use crate::fleet::{Fleet, end, write};

/// A fleet with one run, which has begun what must not be repeated and left what clean-up needs.
async fn begun() -> (Fleet, RunId) {
    let fleet = Fleet::watching(json!({ "max_lateness": "1m" })).await;
    fleet.tick().await;
    let run = fleet.run().await.id;
    let worker = fleet.claim(run).await;
    keep(&fleet, run, worker).await;
    (fleet, run)
}

async fn keep(fleet: &Fleet, run: RunId, worker: WorkerId) {
    let progress = json!({ "begun": [], "awaited": [] });
    let whole = json!({ "started_at": fleet.now(), "attempt": 1, "answers": {}, "progress": progress });
    let checkpoint: Checkpoint = serde_json::from_value(whole).unwrap();
    let sealed = cleanups::Sealed::seal(fleet.store.secrets_key(), run, &checkpoint).unwrap();
    let now = fleet.now();
    assert!(write!(fleet, |conn| async {
        cleanups::save(conn, Held { run, attempt: 1, worker }, &sealed, now).await
    }));
}

#[tokio::test]
async fn a_lost_run_is_called_once_more_for_its_clean_up() {
    let (fleet, run) = begun().await;
    fleet.pass(70);
    let mut woken = fleet.store.listen(Topic::Runs);
    fleet.reap().await;
    let row = fleet.run().await;
    assert_eq!((row.state, row.cleaning, row.outcome), (RunState::Queued, true, None));
    woken.heard().await;
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, [run]);
    fleet.claim(run).await;
    assert_eq!(fleet.run().await.attempt, 2);
}

#[tokio::test]
async fn a_clean_up_that_no_worker_begins_is_inconclusive() {
    let (fleet, _) = begun().await;
    fleet.pass(8);
    fleet.reap().await;
    fleet.pass(600);
    fleet.reap().await;
    assert_eq!(end(&fleet.run().await), Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost))));
}

#[tokio::test]
async fn a_run_takes_two_workers_along_its_clean_up_included() {
    let (fleet, run) = begun().await;
    fleet.pass(8);
    fleet.reap().await;
    fleet.claim(run).await;
    fleet.pass(8);
    fleet.reap().await;
    let row = fleet.run().await;
    assert_eq!(end(&row), Some((Outcome::Inconclusive, Some(ReasonCode::Poison))));
    assert!(row.reason.unwrap().message.contains("its clean-up was not carried out"));
    let mut conn = fleet.store.read().await.unwrap();
    assert!(cleanups::kept(&mut conn, &[run]).await.unwrap().is_empty());
    assert_eq!(quarantines::list(&mut conn).await.unwrap().len(), 1);
}
