//! `/v1/notifications`, and `/v1/channels/{id}/test`, which makes some.

use domain::id::{NotificationId, WorkerId};
use serde_json::{Value, json};
use store::notifications::{self, Answered};

use super::Client;

/// The two messages of a test of the channel `hook`.
async fn tested(client: &Client) -> [NotificationId; 2] {
    client.given("/v1/channels/hook", json!({ "type": "webhook", "url": "https://example.com/hook" })).await;
    let answer = client.press("/v1/channels/hook/test").await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let data = answer.json();
    let kinds: Vec<_> = data["data"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["opened", "resolved"]);
    [0, 1].map(|n| data["data"][n]["id"].as_str().unwrap().parse().unwrap())
}

/// What a notifier does with one that is refused for good.
async fn refused(client: &Client, id: NotificationId) {
    let (worker, now) = (WorkerId::random(client.now()), client.now());
    let write = client.store.write(move |conn| {
        Box::pin(async move {
            let claimed = notifications::claim(conn, id, worker, now, now).await?.expect("its turn");
            let answer = Answered { status: Some(410), text: "410 gone" };
            notifications::record_dead(conn, id, claimed.attempt, answer, now).await
        })
    });
    assert!(write.await.unwrap());
}

#[tokio::test]
async fn a_test_is_about_no_incident_and_says_so() {
    let client = Client::new().await;
    let [opened, _] = tested(&client).await;
    let shown = client.get(&format!("/v1/notifications/{opened}")).await.json();
    assert_eq!((&shown["notice"]["subject"], &shown["state"]), (&json!("test"), &json!("pending")));
    assert_eq!(shown["attempts"], json!([]));
    assert!(client.get("/v1/incidents").await.ids().is_empty());
    assert_eq!(client.press("/v1/channels/none/test").await.status, 404);
}

#[tokio::test]
async fn every_attempt_is_shown_with_the_receivers_answer() {
    let client = Client::new().await;
    let [opened, _] = tested(&client).await;
    refused(&client, opened).await;
    let shown = client.get(&format!("/v1/notifications/{opened}")).await.json();
    let now = serde_json::to_value(client.now()).unwrap();
    let attempt = json!({
        "attempt": 1, "began_at": now, "ended_at": now, "status": 410, "answer": "410 gone",
    });
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("dead"), &json!([attempt])));
}

#[tokio::test]
async fn what_is_dead_is_found_and_sent_again() {
    let client = Client::new().await;
    let [opened, resolved] = tested(&client).await;
    let again = |id: NotificationId| format!("/v1/notifications/{id}/redeliver");
    assert_eq!(client.press(&again(resolved)).await.json()["code"], "not_dead");
    refused(&client, opened).await;
    refused(&client, resolved).await;
    let dead = client.get("/v1/notifications?state=dead&channel=hook").await;
    assert_eq!(dead.ids().len(), 2);
    let superseded = client.press(&again(opened)).await;
    assert_eq!((superseded.status.as_u16(), &superseded.json()["code"]), (409, &json!("superseded")));
    let answer = client.press(&again(resolved)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (202, &json!("pending")));
    assert_eq!(client.get("/v1/notifications?state=dead").await.ids(), [opened.to_string().as_str()]);
    let none: Value = client.press(&again(NotificationId::random(client.now()))).await.json();
    assert_eq!(none["code"], "not_found");
}
