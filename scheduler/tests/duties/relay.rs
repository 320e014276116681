//! From rows to messages.

use domain::outcome::RunState;
use queue::{Destination, InProcess, Message, Queue};
use scheduler::dead_letters;
use serde_json::json;

use crate::fleet::{Fleet, slug};

#[tokio::test]
async fn what_was_inserted_before_a_crash_is_published_after_it() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    // The crash: between the commit and the publish.
    fleet.pass(5);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, [fleet.run().await.id]);
}

#[tokio::test]
async fn a_run_is_called_once_and_again_only_after_a_back_off() {
    let mut fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    fleet.relay().await;
    fleet.relay().await;
    let run = fleet.run().await.id;
    assert_eq!(fleet.called("default").await, [run]);

    // The broker loses everything it had.
    fleet.queue = Queue::in_process();
    fleet.declare("default").await;
    fleet.pass(9);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, []);
    fleet.pass(1);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, [run]);
    fleet.pass(19);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, [], "the second wait is twice as long");
}

#[tokio::test]
async fn a_run_that_was_claimed_is_not_called_again() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    fleet.relay().await;
    fleet.called("default").await;
    fleet.claim(fleet.run().await.id).await;
    fleet.pass(3600);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, []);
}

#[tokio::test]
async fn a_run_is_not_called_before_its_jitter_is_over() {
    let fleet = Fleet::watching(json!({ "schedule": { "every": "1h", "jitter": "50m" } })).await;
    fleet.tick().await;
    let mut waited = 0;
    let called = loop {
        fleet.relay().await;
        let called = fleet.called("default").await;
        if !called.is_empty() || waited > 50 * 60 {
            break called;
        }
        fleet.pass(60);
        waited += 60;
    };
    let run = fleet.run().await;
    assert_eq!(called, [run.id]);
    assert!(waited > 0, "this monitor's jitter is not nothing");
    assert_eq!(run.due_at, run.slot_at.unwrap());
    fleet.claim(run.id).await;
}

#[tokio::test]
async fn a_location_that_nobody_has_served_yet_gets_a_queue_and_then_its_run() {
    let fleet = Fleet::watching(json!({ "locations": ["default", "oslo"] })).await;
    fleet.tick().await;
    fleet.relay().await;
    assert_eq!(fleet.called("default").await.len(), 1, "the other location does not wait");
    let oslo = Destination::Runs(slug("oslo"));
    assert_eq!(fleet.queue.depth(&oslo).await.unwrap().map(|depth| depth.ready), Some(0));
    fleet.pass(1);
    fleet.relay().await;
    let called = fleet.called("oslo").await;
    let expected: Vec<_> =
        fleet.runs().await.into_iter().filter(|run| run.location == slug("oslo")).map(|run| run.id).collect();
    assert_eq!(called, expected);
}

#[tokio::test]
async fn what_a_full_queue_refuses_is_called_a_second_later() {
    let mut fleet = Fleet::watching(json!({})).await;
    fleet.save_monitor("other", json!({})).await;
    fleet.queue = Queue::InProcess(InProcess::with_capacity(1));
    fleet.declare("default").await;
    fleet.tick().await;
    fleet.relay().await;
    let mut called = fleet.called("default").await;
    assert_eq!(called.len(), 1);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, []);
    fleet.pass(1);
    fleet.relay().await;
    called.extend(fleet.called("default").await);
    called.sort();
    let mut runs: Vec<_> = fleet.runs().await.iter().map(|run| run.id).collect();
    runs.sort();
    assert_eq!(called, runs);
}

#[tokio::test]
async fn more_runs_than_a_batch_are_all_called() {
    let locations: Vec<_> = (0..51).map(|n| format!("l{n}")).collect();
    let fleet = Fleet::watching(json!({ "locations": locations })).await;
    for location in &locations {
        fleet.declare(location).await;
    }
    for n in 0..10 {
        fleet.save_monitor(&format!("m{n}"), json!({ "locations": locations })).await;
    }
    fleet.tick().await;
    fleet.relay().await;
    let mut called = 0;
    for location in &locations {
        called += fleet.called(location).await.len();
    }
    assert_eq!(called, 51 * 11);
    assert!(fleet.runs().await.iter().all(|run| run.state == RunState::Queued));
}

#[tokio::test]
async fn a_dead_letter_wakes_its_run_at_once() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    fleet.relay().await;
    let run_id = fleet.run().await.id;
    assert_eq!(fleet.called("default").await, [run_id]);
    dead_letters::once(&fleet.store, Message::ExecuteRun { run_id }).await.unwrap();
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, [run_id], "nobody waits for the back-off");
}

#[tokio::test]
async fn a_dead_letter_of_a_run_that_is_in_hand_changes_nothing() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    let run_id = fleet.run().await.id;
    fleet.claim(run_id).await;
    dead_letters::once(&fleet.store, Message::ExecuteRun { run_id }).await.unwrap();
    assert_eq!(fleet.run().await.state, RunState::Running);
}
