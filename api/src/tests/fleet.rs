//! `/v1/fleet`.

use chrono::TimeDelta;
use domain::{
    id::{RunId, WorkerId},
    outcome::{Reason, ReasonCode},
    run::PinnedCollection,
};
use serde_json::json;
use store::{
    collections,
    quarantines::{self, Quarantine},
    queues::{self, QueueFigures, Waiting},
    runs,
    workers::{self, Worker},
};

use super::{Client, collections::ping};

#[tokio::test]
async fn an_empty_fleet_is_empty_lists() {
    let fleet = Client::new().await.get("/v1/fleet").await;
    assert_eq!(fleet.json(), json!({ "workers": [], "queues": [], "quarantines": [] }));
}

#[tokio::test]
async fn workers_are_shown_with_what_they_have_in_hand_and_whether_they_are_alive() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let run = client.press("/v1/collections/search/run").await.json();
    let run = run["id"].as_str().unwrap().parse().unwrap();
    let now = client.now();
    let worker = |seconds| Worker {
        id: WorkerId::random(now),
        host: "host".to_owned(),
        version: "0.0.0".to_owned(),
        location: "default".parse().unwrap(),
        slots: 4,
        started_at: now,
        alive_until: now + TimeDelta::seconds(seconds),
    };
    let (alive, lost) = (worker(8), worker(-1));
    let written = client.store.write(move |conn| {
        Box::pin(async move {
            workers::register(conn, &alive).await?;
            workers::register(conn, &lost).await?;
            runs::claim(conn, alive.id, &[run], now).await
        })
    });
    assert_eq!(written.await.unwrap().len(), 1);
    let fleet = client.get("/v1/fleet").await.json();
    let seen = [0, 1].map(|n| (&fleet["workers"][n]["running"], &fleet["workers"][n]["alive"]));
    assert_eq!(seen, [(&json!(1), &json!(true)), (&json!(0), &json!(false))], "{fleet:#}");
}

#[tokio::test]
async fn queues_are_shown_as_a_scheduler_saw_them() {
    let client = Client::new().await;
    let now = client.now();
    let seen = QueueFigures {
        name: "runs.default".to_owned(),
        ready: 3,
        unacked: None,
        consumers: 2,
        dead: 0,
        parked: 1,
        waiting: Waiting { rows: 5, oldest_at: Some(now) },
        updated_at: now,
    };
    let kept =
        client.store.write(move |conn| Box::pin(async move { queues::save(conn, &[seen], now).await }));
    kept.await.unwrap();
    let queue = &client.get("/v1/fleet").await.json()["queues"][0];
    assert_eq!(
        (&queue["name"], &queue["waiting"], &queue["unacked"]),
        (&json!("runs.default"), &json!(5), &json!(null)),
        "{queue:#}"
    );
}

#[tokio::test]
async fn a_collection_in_quarantine_is_shown_and_can_be_let_out() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let since = client.now();
    let added = client.store.write(move |conn| {
        Box::pin(async move {
            let saved = collections::get(conn, &"search".parse().unwrap()).await?.unwrap();
            let collection =
                PinnedCollection { id: saved.id, slug: saved.document.id, version: saved.version };
            let reason = Reason::new(ReasonCode::Poison, "two workers were lost");
            let one = Quarantine { collection, run: RunId::random(since), reason, since };
            quarantines::add(conn, &one).await
        })
    });
    added.await.unwrap();
    let shown = client.get("/v1/fleet").await.json()["quarantines"].clone();
    assert_eq!(shown[0]["collection"], "search");
    assert_eq!(shown[0]["version"], 1);
    assert_eq!(shown[0]["reason"]["message"], "two workers were lost");
    assert_eq!(client.delete("/v1/collections/search/quarantine").await.status, 204);
    assert_eq!(client.get("/v1/fleet").await.json()["quarantines"], json!([]));
    let again = client.delete("/v1/collections/search/quarantine").await;
    assert_eq!(again.status, 404);
    assert!(again.text.contains("quarantine of collection `search`"), "{}", again.text);
}
