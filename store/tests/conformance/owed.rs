//! Slots that had come when their monitor was changed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use store::{
    collections, gaps,
    monitors::{self, SavedMonitor},
};

use crate::{
    fixtures::{collection, monitor, slug},
    harness::{Bench, conformance, write},
};

conformance! {
    what_had_come_before_a_monitor_was_switched_off_is_a_gap
    what_had_come_before_a_schedule_changed_is_a_gap
    what_has_not_come_or_still_will_be_run_is_none
}

/// Due every minute from now on, and nobody comes.
async fn watched(bench: &Bench) -> SavedMonitor {
    let now = bench.now();
    write!(bench, |conn| async {
        collections::create(conn, &collection("shop", json!({})), now).await?;
        monitors::create(conn, &monitor("watch", &["shop"], json!({})), now).await
    })
    .unwrap()
}

async fn change(bench: &Bench, more: Value) {
    let (document, now) = (monitor("watch", &["shop"], more), bench.now());
    write!(bench, |conn| monitors::replace(conn, &document, now)).unwrap();
}

async fn gap(bench: &Bench) -> Option<(DateTime<Utc>, DateTime<Utc>, u64)> {
    let mut conn = bench.conn().await;
    let found = gaps::list(&mut conn, &slug("watch"), 10).await.unwrap();
    assert!(found.len() <= 1, "{found:?}");
    found.first().map(|gap| (gap.first_slot_at, gap.last_slot_at, gap.slots))
}

async fn what_had_come_before_a_monitor_was_switched_off_is_a_gap(bench: Bench) {
    let anchor = watched(&bench).await.anchor;
    bench.clock.advance(TimeDelta::seconds(130));
    change(&bench, json!({ "enabled": false })).await;
    let last = anchor + TimeDelta::seconds(120);
    assert_eq!(gap(&bench).await, Some((anchor, last, 3)));
    bench.clock.advance(TimeDelta::seconds(130));
    change(&bench, json!({ "enabled": false, "name": "Still off" })).await;
    assert_eq!(gap(&bench).await, Some((anchor, last, 3)));
}

async fn what_had_come_before_a_schedule_changed_is_a_gap(bench: Bench) {
    let anchor = watched(&bench).await.anchor;
    bench.clock.advance(TimeDelta::seconds(30));
    change(&bench, json!({ "schedule": { "every": "5m" } })).await;
    assert_eq!(gap(&bench).await, Some((anchor, anchor, 1)));
}

async fn what_has_not_come_or_still_will_be_run_is_none(bench: Bench) {
    watched(&bench).await;
    bench.clock.advance(TimeDelta::seconds(130));
    change(&bench, json!({ "name": "Another name" })).await;
    assert_eq!(gap(&bench).await, None, "the schedule goes on, and a scheduler will find them");
    let now = bench.now();
    let next = now + TimeDelta::seconds(50);
    write!(bench, |conn| async {
        let id = monitors::get(conn, &slug("watch")).await?.unwrap().id;
        monitors::advance(conn, &[(id, Some(next))]).await
    })
    .unwrap();
    change(&bench, json!({ "enabled": false })).await;
    assert_eq!(gap(&bench).await, None);
}
