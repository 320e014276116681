//! `/v1/runs`, `/v1/collections/{id}/run`, `/v1/monitors/{id}/run`.

use std::collections::BTreeMap;

use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason, ReasonCode},
    result::{
        AssertionOutcome, AssertionResult, Attempt, RowResult, RunResult, SentRequest, StepOutcome,
        StepResult, TimingView,
    },
};
use serde_json::{Value, json};
use store::{
    results,
    runs::{self, Finished},
    workers::{self, Worker},
};

use super::{Client, collections::ping};

/// The id of the run that a press on a collection's button starts.
async fn start(client: &Client, collection: &str) -> RunId {
    let reply = client.press(&format!("/v1/collections/{collection}/run")).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    reply.json()["id"].as_str().unwrap().parse().unwrap()
}

/// A worker takes a run, and finds that its payment is wrong.
async fn fail(client: &Client, run: RunId) {
    let steps = vec![failed_step(wrong_payment())];
    let reason = Some(wrong_payment());
    end(
        client,
        run,
        RunResult {
            outcome: Outcome::Failed,
            reason,
            duration_ms: 41.5,
            set_ups: Vec::new(),
            steps,
            rows: Vec::new(),
        },
    )
    .await;
}

fn wrong_payment() -> Reason {
    Reason::new(ReasonCode::AssertionFailed, "body.status is not `captured`").at_step("pay")
}

/// A worker takes a run, and this is what comes of it.
async fn end(client: &Client, run: RunId, result: RunResult) {
    let (worker, now) = (worker(client, "default").await, client.now());
    let finished =
        Finished { run, attempt: 1, worker, outcome: result.outcome, reason: result.reason.clone() };
    client
        .store
        .write(move |conn| {
            Box::pin(async move {
                assert_eq!(runs::claim(conn, worker, &[run], now).await?.len(), 1);
                assert_eq!(runs::finish(conn, &[finished], now).await?, [run]);
                results::insert(conn, &[(run, result)]).await
            })
        })
        .await
        .unwrap();
}

fn failed_step(reason: Reason) -> StepResult {
    let assertion = AssertionResult {
        source: "body.status".to_owned(),
        comparison: "equals".into(),
        expected: json!("captured"),
        actual: Some(json!("pending_review")),
        outcome: AssertionOutcome::Failed,
        message: None,
    };
    let request = SentRequest {
        method: "POST".to_owned(),
        url: "https://shop.example.com/payments".to_owned(),
        headers: vec![("authorization".to_owned(), "***".to_owned())],
        body: None,
    };
    let attempt = Attempt {
        started_ms: 0.0,
        request,
        response: None,
        failure: None,
        assertions: vec![assertion],
        timing: TimingView { total: 41.5, ..TimingView::default() },
    };
    StepResult {
        id: "pay".to_owned(),
        name: "Pay".to_owned(),
        outcome: StepOutcome::Failed,
        reason: Some(reason),
        started_ms: 0.0,
        latency_ms: Some(41.5),
        attempts: vec![attempt],
        captures: BTreeMap::new(),
    }
}

async fn worker(client: &Client, location: &str) -> WorkerId {
    let now = client.now();
    let worker = Worker {
        id: WorkerId::random(now),
        host: "host".to_owned(),
        version: "0.0.0".to_owned(),
        location: location.parse().unwrap(),
        slots: 1,
        started_at: now,
        alive_until: now + chrono::TimeDelta::hours(1),
    };
    let id = worker.id;
    client
        .store
        .write(move |conn| Box::pin(async move { workers::register(conn, &worker).await }))
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn a_collection_runs_now_in_its_own_environment() {
    let client = Client::new().await;
    client.given("/v1/environments/prod", json!({ "vars": {} })).await;
    let mut document = ping("search");
    document["environment"] = json!("prod");
    document["locations"] = json!(["paris", "oslo"]);
    document["schedule"] = json!({ "every": "1m" });
    client.given("/v1/collections/search", document).await;

    let reply = client.press("/v1/collections/search/run").await;
    assert_eq!(reply.status, 202);
    insta::assert_json_snapshot!(reply.body());
    let path = reply.header("location").to_owned();
    assert_eq!(path, format!("/v1/runs/{}", reply.json()["id"].as_str().unwrap()));
    let shown = client.get(&path).await.json();
    assert_eq!(
        (&shown["state"], &shown["steps"], &shown["duration_ms"]),
        (&json!("queued"), &json!([]), &Value::Null)
    );
}

#[tokio::test]
async fn a_run_of_rows_shows_its_steps_row_by_row() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let run = start(&client, "search").await;
    let row = |index: u32, reason: Option<Reason>, outcome, steps| RowResult {
        index,
        values: json!({ "sku": index }).as_object().cloned().unwrap(),
        outcome,
        reason,
        started_ms: 0.0,
        duration_ms: 41.5,
        steps,
    };
    let rows = vec![
        row(1, None, Outcome::Passed, Vec::new()),
        row(2, Some(wrong_payment()), Outcome::Failed, vec![failed_step(wrong_payment())]),
    ];
    let reason = Some(Reason { row: Some(2), ..wrong_payment() });
    let result = RunResult {
        outcome: Outcome::Failed,
        reason,
        duration_ms: 83.0,
        set_ups: Vec::new(),
        steps: Vec::new(),
        rows,
    };
    let expected = serde_json::to_value(&result.rows).unwrap();
    end(&client, run, result).await;
    let shown = client.get(&format!("/v1/runs/{run}")).await.json();
    assert_eq!(
        (&shown["steps"], &shown["rows"], &shown["reason"]["row"]),
        (&json!([]), &expected, &json!(2))
    );
}

#[tokio::test]
async fn a_run_now_wakes_the_relay() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let mut heard = client.store.listen(store::Topic::Runs);
    start(&client, "search").await;
    tokio::time::timeout(std::time::Duration::from_secs(5), heard.heard()).await.unwrap();
}

#[tokio::test]
async fn a_collection_runs_where_the_caller_wants_it() {
    let client = Client::new().await;
    client.given("/v1/environments/staging", json!({ "vars": {} })).await;
    client.given("/v1/collections/search", ping("search")).await;
    worker(&client, "oslo").await;
    let wish = json!({ "environment": "staging", "location": "oslo" });
    let body = client.post("/v1/collections/search/run", wish).await.json();
    assert_eq!((&body["environment"], &body["location"]), (&json!("staging"), &json!("oslo")));
}

#[tokio::test]
async fn a_wish_that_nobody_can_fulfil_starts_nothing() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    worker(&client, "oslo").await;
    let wish = json!({ "environment": "staging", "location": "olso" });
    let reply = client.post("/v1/collections/search/run", wish).await;
    assert_eq!(reply.refusal(), (422, "invalid_request".to_owned()));
    insta::assert_json_snapshot!(reply.body());
    for wish in [json!({ "enviroment": "x" }), json!({ "location": "NOT ONE" }), json!([])] {
        let reply = client.post("/v1/collections/search/run", wish).await;
        assert_eq!(reply.refusal(), (422, "invalid_request".to_owned()));
    }
    assert_eq!(client.get("/v1/runs").await.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn a_monitor_runs_every_collection_at_every_location() {
    let client = Client::new().await;
    client.given("/v1/collections/a", ping("a")).await;
    client.given("/v1/collections/b", ping("b")).await;
    let body = json!({
        "collections": ["a", "b"],
        "schedule": { "every": "1h" },
        "locations": ["paris", "oslo"],
        "maintenance": [{ "cron": "0 10 * * *", "duration": "1h" }],
    });
    client.given("/v1/monitors/m", body).await;
    let reply = client.press("/v1/monitors/m/run").await;
    assert_eq!(reply.status, 202);
    let body = reply.json();
    let mut started: Vec<_> = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| ["collection", "location", "monitor", "trigger"].map(|key| run[key].as_str().unwrap()))
        .collect();
    started.sort_unstable();
    assert_eq!(
        started,
        [
            ["a", "oslo", "m", "manual"],
            ["a", "paris", "m", "manual"],
            ["b", "oslo", "m", "manual"],
            ["b", "paris", "m", "manual"],
        ]
    );
    assert_eq!(body["data"][0]["in_maintenance"], true);
}

#[tokio::test]
async fn what_is_not_there_does_not_run() {
    let client = Client::new().await;
    for path in ["/v1/collections/search/run", "/v1/monitors/search/run"] {
        assert_eq!(client.press(path).await.refusal(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_finished_run_shows_its_steps_with_actual_and_expected() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let run = start(&client, "search").await;
    client.advance(3);
    fail(&client, run).await;
    insta::assert_json_snapshot!(client.get(&format!("/v1/runs/{run}")).await.body());
}

#[tokio::test]
async fn lists_are_filtered_by_everything_that_is_said() {
    let client = Client::new().await;
    client.given("/v1/collections/a", ping("a")).await;
    client.given("/v1/collections/b", ping("b")).await;
    let first = start(&client, "a").await;
    client.advance(1);
    let second = start(&client, "b").await;
    fail(&client, first).await;
    let (first, second) = (first.to_string(), second.to_string());
    for (query, expected) in [
        ("", vec![&second, &first]),
        ("?collection=a", vec![&first]),
        ("?outcome=failed&state=finished", vec![&first]),
        ("?state=queued&trigger=manual&location=default", vec![&second]),
        ("?collection=a&state=queued", vec![]),
        ("?monitor=m", vec![]),
        ("?trigger=schedule", vec![]),
    ] {
        let ids = client.get(&format!("/v1/runs{query}")).await.ids();
        assert_eq!(ids.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[tokio::test]
async fn the_monitor_shows_its_latest_run() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    client.given("/v1/monitors/m", json!({ "collections": ["search"], "schedule": { "every": "1h" } })).await;
    let started = client.press("/v1/monitors/m/run").await.json();
    let run = started["data"][0]["id"].as_str().unwrap().parse().unwrap();
    fail(&client, run).await;
    let body = client.get("/v1/monitors").await.json();
    let latest = &body["data"][0]["latest_runs"][0];
    assert_eq!((&latest["id"], &latest["outcome"]), (&json!(run.to_string()), &json!("failed")));
}

#[tokio::test]
async fn a_queued_run_is_cancelled_at_once_and_a_finished_one_too_late() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let run = start(&client, "search").await;
    let reply = client.press(&format!("/v1/runs/{run}/cancel")).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["outcome"]), (200, &json!("cancelled")));
    let again = client.press(&format!("/v1/runs/{run}/cancel")).await;
    assert_eq!(again.refusal(), (409, "already_finished".to_owned()));
    let nothing = RunId::random(client.now());
    let reply = client.press(&format!("/v1/runs/{nothing}/cancel")).await;
    assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_running_run_is_cancelled_through_its_worker() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let run = start(&client, "search").await;
    let (worker, now) = (worker(&client, "default").await, client.now());
    client
        .store
        .write(move |conn| Box::pin(async move { runs::claim(conn, worker, &[run], now).await }))
        .await
        .unwrap();
    let reply = client.press(&format!("/v1/runs/{run}/cancel")).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["state"]), (202, &json!("running")));
    let mut conn = client.store.read().await.unwrap();
    assert_eq!(runs::cancel_requested(&mut conn, worker, now).await.unwrap(), [run]);
}
