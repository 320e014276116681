//! One set-up for many runs over several workers.

use std::collections::BTreeSet;

use domain::{
    incident::IncidentState,
    notification::NotificationKind,
    outcome::{Outcome, ReasonCode},
    run::Run,
};
use serde_json::{Value, json};

use crate::bench::{Bench, Target};

fn login(target: &Target) -> Value {
    json!({ "id": "session-login", "steps": [
        { "id": "post", "request": { "method": "POST", "url": target.url("/login") }, "capture": { "token": "body.token" } },
    ] })
}

fn orders(target: &Target) -> Value {
    json!({ "id": "orders", "uses": [{ "collection": "session-login" }], "steps": [
        { "id": "list", "request": { "url": target.url("/orders"),
            "auth": { "bearer": "@{{session-login.captures.token}}" } } },
    ] })
}

async fn start(target: &Target) -> Bench {
    Bench::using(login(target), orders(target), 2).await
}

fn outcomes(runs: &[Run]) -> BTreeSet<Outcome> {
    runs.iter().filter_map(|run| run.outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_runs_over_three_workers_log_in_once() {
    let target = Target::start().await;
    let bench = start(&target).await;
    let monitors = bench.monitors(50).await;
    let runs = bench.run_all(&monitors).await;
    assert_eq!(outcomes(&runs), [Outcome::Passed].into());
    assert_eq!((target.requests("/login"), target.requests("/orders")), (1, 50));
    let (mut here, mut by) = (0, BTreeSet::new());
    for run in &runs {
        let result = bench.result(run.id).await;
        let set_up = &result.set_ups[0];
        here += usize::from(!set_up.steps.is_empty());
        by.insert(set_up.fetched_by.unwrap());
        assert!(!serde_json::to_string(&result).unwrap().contains("tok-00001"));
    }
    assert_eq!((here, by.len()), (1, 1), "one run fetched it, and all say which");
    let fetcher = *by.first().unwrap();
    assert_eq!(target.headers("/login", "x-skopos-run-id"), [fetcher.to_string()]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_fetched_anew_once_and_all_runs_pass() {
    let target = Target::start().await;
    let bench = start(&target).await;
    let monitors = bench.monitors(30).await;
    bench.run_all(&monitors[..1]).await;
    target.revoke();
    let runs = bench.run_all(&monitors).await;
    assert_eq!(outcomes(&runs), [Outcome::Passed].into());
    assert_eq!(target.requests("/login"), 2);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_login_is_one_page_and_ends_with_one_resolve() {
    let target = Target::start().await;
    let bench = start(&target).await;
    let monitors = bench.monitors(50).await;
    target.switch(503);
    let runs = bench.run_all(&monitors).await;
    assert_eq!(outcomes(&runs), [Outcome::Failed].into());
    assert_eq!(target.requests("/orders"), 0);
    let reason = runs[0].reason.clone().unwrap();
    assert_eq!(reason.code, ReasonCode::SetUpFailed);
    assert!(
        reason.message.starts_with("the shared set-up `session-login` failed at step `post`: "),
        "{reason:?}"
    );

    let incidents = bench.incidents().await;
    assert_eq!(incidents.len(), 50);
    assert!(incidents.iter().all(|one| one.cause.as_ref().unwrap().to_string() == "session-login"));
    let told = bench.told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].kind, told[0].notice.reason.clone()),
        (NotificationKind::Opened, incidents[0].reason.clone())
    );

    // The failure is kept for five seconds; a new version of the set-up is not to blame for the old one's.
    target.switch(200);
    bench.replace(json!({ "description": "repaired" }), login(&target)).await;
    let runs = bench.run_all(&monitors).await;
    assert_eq!(outcomes(&runs), [Outcome::Passed].into());
    assert!(bench.incidents().await.iter().all(|one| one.state == IncidentState::Resolved));
    let told: Vec<_> = bench.told().await.into_iter().map(|one| one.kind).collect();
    assert_eq!(told, [NotificationKind::Opened, NotificationKind::Resolved]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_a_reason_of_its_own_afterwards_is_told() {
    let target = Target::start().await;
    let mut orders = orders(&target);
    orders["steps"][0]["assert"] = json!([{ "status": 204 }]);
    let bench = Bench::using(login(&target), orders, 0).await;
    let monitors = bench.monitors(2).await;
    target.switch(503);
    bench.run_all(&monitors).await;
    assert_eq!(bench.told().await.len(), 1);
    target.switch(200);
    bench.replace(json!({ "description": "repaired" }), login(&target)).await;
    let runs = bench.run_all(&monitors).await;
    assert!(runs.iter().all(|run| run.reason.as_ref().unwrap().code == ReasonCode::AssertionFailed));
    assert_eq!(bench.told().await.len(), 2, "the one that was not told of before");
    assert!(bench.incidents().await.iter().all(|one| one.cause.is_none()));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_hiccups_once_pages_nobody_that_wants_a_second_look() {
    let target = Target::start().await;
    let mut orders = orders(&target);
    orders["schedule"] = json!({ "every": "1h" });
    orders["alerts"] = json!([{ "channels": ["hook"] }]);
    let bench = Bench::using(login(&target), orders, 0).await;
    target.switch(503);
    let failed = bench.run_monitor().await;
    assert_eq!(bench.finished(failed).await.outcome, Some(Outcome::Failed));
    target.switch(200);
    let confirmation = bench.asked_for(failed).await;
    bench.publish(confirmation).await;
    assert_eq!(bench.finished(confirmation).await.outcome, Some(Outcome::Passed));
    assert_eq!((bench.incidents().await.len(), target.requests("/login")), (0, 2));
    bench.stop().await;
}
