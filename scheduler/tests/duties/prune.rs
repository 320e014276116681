//! Forgetting what is old.

use std::num::NonZeroU32;

use domain::outcome::Outcome;
use scheduler::{Config, Turn, prune};
use serde_json::json;

use crate::fleet::Fleet;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn what_is_older_than_the_retention_is_forgotten_and_nothing_else() {
    let fleet = Fleet::watching(json!({ "schedule": { "every": "2d" } })).await;
    let config = Config { retention_days: NonZeroU32::new(5).unwrap() };
    for _ in 0..3 {
        fleet.tick().await;
        fleet.pass(HOUR);
        fleet.reap().await;
        fleet.pass(2 * DAY - HOUR);
    }
    // Due on the days 0, 2 and 4; this is day 6.
    assert!(fleet.runs().await.iter().all(|run| run.outcome == Some(Outcome::Missed)));
    assert_eq!(prune::once(&fleet.store, &config).await.unwrap(), Turn::Done);
    assert_eq!(fleet.runs().await.len(), 2);

    prune::once(&fleet.store, &Config::default()).await.unwrap();
    assert_eq!(fleet.runs().await.len(), 2, "a month by default");
}

#[tokio::test]
async fn a_run_that_is_not_over_is_never_forgotten() {
    let fleet = Fleet::watching(json!({ "schedule": { "every": "365d" } })).await;
    fleet.tick().await;
    fleet.pass(300 * DAY);
    prune::once(&fleet.store, &Config::default()).await.unwrap();
    assert_eq!(fleet.run().await.outcome, None);
}

#[tokio::test]
async fn a_retention_beyond_the_calendar_forgets_nothing() {
    let fleet = Fleet::watching(json!({})).await;
    let config = Config { retention_days: NonZeroU32::MAX };
    assert_eq!(prune::once(&fleet.store, &config).await.unwrap(), Turn::Done);
}
