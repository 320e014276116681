//! A process that is killed in the middle of everything, and what its successor makes of that.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

#[expect(dead_code, reason = "not every test needs all of the harness")]
mod dev;

use std::{collections::BTreeSet, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use dev::{Dev, Home};
use domain::outcome::Trigger;
use serde_json::Value;
use store::{Page, Store};

/// Of the schedule, in seconds.
const EVERY: i64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_history_and_no_slot_and_doubles_none() {
    let home = Home::with_schedule("2s");
    let dev = Dev::start(&home);
    let passed = dev.until(&runs(&dev), |runs| count(runs, "outcome", "passed") >= 1).await;
    let before: BTreeSet<String> = ids(&passed);
    // The payment is in flight for three seconds: the kill hits a run whose log-in must not be repeated.
    dev.switch("slow").await;
    let killed = dev.until(&runs(&dev), in_payment).await;
    let killed = running(&killed).expect("a run in hand");
    dev.kill();

    let dev = Dev::start(&home);
    let lost = format!("{}/v1/runs/{killed}", dev.api);
    let lost = dev.until(&lost, |run| run["state"] == "finished").await;
    assert_eq!(
        (&lost["outcome"], &lost["reason"]["code"]),
        (&"inconclusive".into(), &"worker_lost".into()),
        "{lost:#}"
    );
    let passed_before = count(&passed, "outcome", "passed");
    let after = dev.until(&runs(&dev), |runs| count(runs, "outcome", "passed") > passed_before).await;
    assert!(before.is_subset(&ids(&after)), "the history is still there");
    assert_eq!(dev.stop(), Some(0));
    every_slot_is_one_run_or_in_one_gap(&home.data()).await;
}

fn runs(dev: &Dev) -> String {
    format!("{}/v1/runs?limit=100", dev.api)
}

fn data(runs: &Value) -> &[Value] {
    runs["data"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn count(runs: &Value, key: &str, word: &str) -> usize {
    data(runs).iter().filter(|run| run[key] == word).count()
}

fn ids(runs: &Value) -> BTreeSet<String> {
    data(runs).iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

fn running(runs: &Value) -> Option<String> {
    let run = data(runs).iter().find(|run| run["state"] == "running")?;
    run["id"].as_str().map(str::to_owned)
}

/// A run has been going on while a later slot came: it waits for the slow payment.
fn in_payment(runs: &Value) -> bool {
    let overlapping = data(runs).iter().any(|run| run["reason"]["code"] == "overlap");
    overlapping && running(runs).is_some()
}

/// I1, read from the rows: from the first slot to the last, each is a run, or lies inside exactly one gap.
async fn every_slot_is_one_run_or_in_one_gap(folder: &Path) {
    let store = Store::open_sqlite(folder).await.unwrap();
    let mut conn = store.read().await.unwrap();
    let filter = store::runs::Filter { trigger: Some(Trigger::Schedule), ..Default::default() };
    let listed = store::runs::list(&mut conn, &filter, Page::first(100)).await.unwrap();
    let mut slots: Vec<DateTime<Utc>> = listed.data.iter().filter_map(|run| run.slot_at).collect();
    for gap in store::gaps::list(&mut conn, &"checkout".parse().unwrap(), 100).await.unwrap() {
        let last = gap.last_slot_at;
        let inside =
            std::iter::successors(Some(gap.first_slot_at), |slot| Some(*slot + TimeDelta::seconds(EVERY)));
        slots.extend(inside.take_while(|slot| *slot <= last));
    }
    slots.sort();
    assert!(slots.len() > 3, "there were several slots: {slots:?}");
    for pair in slots.windows(2) {
        assert_eq!(pair[1] - pair[0], TimeDelta::seconds(EVERY), "a slot is lost or doubled: {slots:?}");
    }
}
