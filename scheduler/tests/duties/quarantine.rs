//! Collections that kill their workers.

use domain::{
    outcome::{Outcome, ReasonCode, RunState},
    run::Run,
};
use serde_json::json;
use store::quarantines;

use crate::fleet::{Fleet, end, slug, write};

/// A fleet in which one run of `shop` took two workers along, and `search` is fine.
async fn poisoned() -> (Fleet, Run) {
    let fleet = Fleet::new().await;
    for id in ["shop", "search"] {
        fleet.save_collection(id, json!({})).await;
    }
    fleet.save_monitor("shop", json!({ "collections": ["shop", "search"], "overlap": "allow" })).await;
    fleet.tick().await;
    let run = of(&fleet, "shop").await.remove(0);
    for _ in 0..2 {
        fleet.claim(run.id).await;
        fleet.pass(8);
        fleet.reap().await;
    }
    (fleet, run)
}

/// The runs of a collection, the oldest first.
async fn of(fleet: &Fleet, collection: &str) -> Vec<Run> {
    fleet.runs().await.into_iter().filter(|run| run.collection.slug == slug(collection)).collect()
}

#[tokio::test]
async fn a_collection_that_kills_its_workers_twice_is_in_quarantine() {
    let (fleet, run) = poisoned().await;
    assert_eq!(end(&of(&fleet, "shop").await[0]), Some((Outcome::Inconclusive, Some(ReasonCode::Poison))));
    let quarantines = quarantines::list(&mut fleet.store.read().await.unwrap()).await.unwrap();
    let found: Vec<_> = quarantines.iter().map(|one| (&one.collection, one.run, one.since)).collect();
    assert_eq!(found, [(&run.collection, run.id, fleet.now())]);
}

#[tokio::test]
async fn its_slots_still_have_their_runs_which_say_why_and_neighbours_run_on() {
    let (fleet, _) = poisoned().await;
    fleet.pass(60);
    fleet.tick().await;
    let run = of(&fleet, "shop").await.remove(1);
    assert_eq!(end(&run), Some((Outcome::Inconclusive, Some(ReasonCode::Poison))));
    assert_eq!((run.attempt, run.slot_at), (0, Some(run.due_at)));
    let message = run.reason.unwrap().message;
    assert_eq!(
        message,
        "quarantined since 2026-01-01T00:00:16Z: save a new version of the collection to lift it"
    );
    let neighbour = of(&fleet, "search").await.pop().unwrap();
    assert_eq!((neighbour.due_at, neighbour.state), (run.due_at, RunState::Queued));
}

#[tokio::test]
async fn a_new_version_lifts_it_and_so_does_a_person() {
    let (fleet, _) = poisoned().await;
    fleet.save_collection("shop", json!({ "name": "Shop" })).await;
    fleet.pass(60);
    fleet.tick().await;
    assert_eq!(of(&fleet, "shop").await[1].state, RunState::Queued);

    let (fleet, _) = poisoned().await;
    assert!(write!(fleet, |conn| async { quarantines::lift(conn, &slug("shop")).await }));
    fleet.pass(60);
    fleet.tick().await;
    assert_eq!(of(&fleet, "shop").await[1].state, RunState::Queued);
}
