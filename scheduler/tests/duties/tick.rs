//! From slots to rows.

use chrono::{DateTime, TimeDelta, Utc};
use domain::outcome::{Outcome, ReasonCode, RunState, Trigger};
use scheduler::tick;
use serde_json::json;
use store::collections;

use crate::fleet::{Fleet, START, end, slug, write};

fn at(minutes: i64) -> DateTime<Utc> {
    START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

#[tokio::test]
async fn a_slot_becomes_one_run_per_collection_and_location_and_each_is_called_once() {
    let fleet = Fleet::new().await;
    for id in ["shop", "search"] {
        fleet.save_collection(id, json!({})).await;
    }
    let more = json!({ "collections": ["shop", "search"], "locations": ["paris", "oslo"] });
    fleet.save_monitor("shop", more).await;
    for location in ["paris", "oslo"] {
        fleet.declare(location).await;
    }

    fleet.tick().await;
    fleet.relay().await;

    let runs = fleet.runs().await;
    let mut lanes: Vec<_> =
        runs.iter().map(|run| format!("{} {}", run.collection.slug, run.location)).collect();
    lanes.sort();
    assert_eq!(lanes, ["search oslo", "search paris", "shop oslo", "shop paris"]);
    for location in ["paris", "oslo"] {
        let mut here: Vec<_> =
            runs.iter().filter(|run| run.location == slug(location)).map(|run| run.id).collect();
        let mut called = fleet.called(location).await;
        here.sort();
        called.sort();
        assert_eq!(called, here);
    }
    let run = &runs[0];
    assert_eq!((run.state, run.trigger, run.slot_at), (RunState::Queued, Trigger::Schedule, Some(at(0))));
    assert_eq!((run.due_at, run.collection.version), (at(0), 1));
    assert_eq!(fleet.next_slot("shop").await, Some(at(1)));
}

#[tokio::test]
async fn nothing_happens_between_slots() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    fleet.pass(59);
    fleet.tick().await;
    assert_eq!(fleet.run().await.due_at, at(0));
}

#[tokio::test]
async fn two_schedulers_make_no_second_run() {
    let fleet = Fleet::watching(json!({})).await;
    let (one, other) = tokio::join!(tick::once(&fleet.store), tick::once(&fleet.store));
    one.unwrap();
    other.unwrap();
    assert_eq!(fleet.run().await.due_at, at(0));
}

#[tokio::test]
async fn more_monitors_than_a_batch_are_all_served() {
    let fleet = Fleet::watching(json!({})).await;
    for n in 0..100 {
        fleet.save_monitor(&format!("m{n}"), json!({})).await;
    }
    fleet.tick().await;
    for n in [0, 50, 99] {
        assert_eq!(fleet.next_slot(&format!("m{n}")).await, Some(at(1)));
    }
    assert_eq!(fleet.next_slot("shop").await, Some(at(1)));
}

#[tokio::test]
async fn after_an_outage_the_latest_slot_runs_and_the_others_are_one_gap() {
    let fleet = Fleet::watching(json!({ "max_lateness": "1m" })).await;
    fleet.pass(10 * 60 + 59);
    fleet.tick().await;

    assert_eq!(fleet.run().await.due_at, at(10));
    let gaps = fleet.gaps().await;
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].first_slot_at, gaps[0].last_slot_at, gaps[0].slots), (at(0), at(9), 10));
    assert_eq!(fleet.next_slot("shop").await, Some(at(11)));
}

#[tokio::test]
async fn after_an_outage_nothing_runs_that_the_monitor_does_not_want_back() {
    let fleet = Fleet::watching(json!({ "catch_up": "skip" })).await;
    fleet.pass(10 * 60);
    fleet.tick().await;
    assert_eq!(fleet.runs().await, []);
    assert_eq!(fleet.gaps().await[0].slots, 11);

    fleet.pass(60);
    fleet.tick().await;
    assert_eq!(fleet.run().await.due_at, at(11));
}

#[tokio::test]
async fn a_gap_is_recorded_for_each_collection_and_location() {
    let fleet = Fleet::new().await;
    for id in ["shop", "search"] {
        fleet.save_collection(id, json!({})).await;
    }
    let more = json!({ "collections": ["shop", "search"], "locations": ["paris", "oslo"] });
    fleet.save_monitor("shop", more).await;
    fleet.pass(5 * 60);
    fleet.tick().await;
    let gaps = fleet.gaps().await;
    assert_eq!(gaps.len(), 4);
    assert!(gaps.iter().all(|gap| gap.slots == 5));
}

#[tokio::test]
async fn a_slot_that_overlaps_is_recorded_as_skipped() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    let first = fleet.run().await.id;
    let worker = fleet.claim(first).await;
    fleet.pass(60);
    fleet.tick().await;
    let skipped = &fleet.runs().await[1];
    assert_eq!((skipped.due_at, skipped.state), (at(1), RunState::Finished));
    assert_eq!(end(skipped), Some((Outcome::Skipped, Some(ReasonCode::Overlap))));

    fleet.finish(first, worker).await;
    fleet.pass(60);
    fleet.tick().await;
    assert_eq!(fleet.runs().await[2].state, RunState::Queued, "a skipped run overlaps with nothing");
}

#[tokio::test]
async fn a_monitor_that_allows_it_runs_beside_itself() {
    let fleet = Fleet::watching(json!({ "overlap": "allow" })).await;
    fleet.tick().await;
    fleet.pass(60);
    fleet.tick().await;
    assert!(fleet.runs().await.iter().all(|run| run.state == RunState::Queued));
}

#[tokio::test]
async fn a_disabled_monitor_has_no_slots_and_goes_on_in_its_rhythm() {
    let fleet = Fleet::watching(json!({ "enabled": false })).await;
    fleet.pass(90);
    fleet.tick().await;
    assert_eq!(fleet.runs().await, []);

    fleet.save_monitor("shop", json!({})).await;
    fleet.pass(30);
    fleet.tick().await;
    assert_eq!(fleet.run().await.due_at, at(2));
    assert_eq!(fleet.gaps().await, [], "nobody was supposed to be there");
}

#[tokio::test]
async fn a_changed_schedule_counts_from_the_change() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    fleet.pass(90);
    fleet.save_monitor("shop", json!({ "schedule": { "every": "5m" }, "overlap": "allow" })).await;
    fleet.tick().await;
    let slots: Vec<_> = fleet.runs().await.iter().map(|run| run.due_at).collect();
    assert_eq!(slots, [at(0), at(0) + TimeDelta::seconds(90)]);
    assert_eq!(fleet.next_slot("shop").await, Some(at(0) + TimeDelta::seconds(390)));
}

#[tokio::test]
async fn a_deleted_collection_has_no_more_slots_and_its_run_stays_pinned() {
    let fleet = Fleet::new().await;
    fleet.save_collection("shop", json!({ "schedule": { "every": "1m" } })).await;
    fleet.tick().await;
    assert!(write!(fleet, |conn| collections::delete(conn, &slug("shop"))));
    fleet.pass(60);
    fleet.tick().await;

    let run = fleet.run().await;
    assert_eq!((run.due_at, run.state), (at(0), RunState::Queued));
    let mut conn = fleet.store.read().await.unwrap();
    let pinned = collections::version(&mut conn, run.collection.id, run.collection.version).await.unwrap();
    assert_eq!(pinned.unwrap().id, slug("shop"));
}

#[tokio::test]
async fn a_run_executes_the_version_that_was_current_at_its_slot() {
    let fleet = Fleet::watching(json!({ "overlap": "allow" })).await;
    fleet.tick().await;
    fleet.save_collection("shop", json!({ "name": "Shop" })).await;
    fleet.pass(60);
    fleet.tick().await;
    let versions: Vec<_> = fleet.runs().await.iter().map(|run| run.collection.version).collect();
    assert_eq!(versions, [1, 2]);
}

#[tokio::test]
async fn a_slot_in_a_maintenance_window_says_so() {
    let window = json!({ "cron": "1 0 * * *", "duration": "1m" });
    let fleet = Fleet::watching(json!({ "overlap": "allow", "maintenance": [window] })).await;
    for _ in 0..3 {
        fleet.tick().await;
        fleet.pass(60);
    }
    let flags: Vec<_> = fleet.runs().await.iter().map(|run| run.in_maintenance).collect();
    assert_eq!(flags, [false, true, false]);
}
