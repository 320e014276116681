//! `/v1/monitors`.

use serde_json::json;

use super::{Client, collections::ping};

#[tokio::test]
async fn a_monitor_says_when_it_runs_next_and_in_which_words() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let body = json!({ "id": "m", "collections": ["search"], "schedule": { "every": "15s" } });
    let reply = client.post("/v1/monitors", body).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (201, "/v1/monitors/m"));
    insta::assert_json_snapshot!(reply.body());
}

#[tokio::test]
async fn a_disabled_monitor_has_no_next_run() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let body = json!({ "enabled": false, "collections": ["search"], "schedule": { "every": "15s" } });
    let body = client.put("/v1/monitors/m", body).await.json();
    assert_eq!((&body["next_slot_at"], &body["next_run_at"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn jitter_moves_the_run_and_not_the_slot() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let body = json!({ "collections": ["search"], "schedule": { "every": "1h", "jitter": "50m" } });
    let body = client.put("/v1/monitors/m", body).await.json();
    assert_eq!(body["next_slot_at"], "2026-11-22T10:00:00Z");
    let run: chrono::DateTime<chrono::Utc> = body["next_run_at"].as_str().unwrap().parse().unwrap();
    assert!(run >= client.now() && run <= client.now() + chrono::TimeDelta::minutes(50), "{run}");
}

#[tokio::test]
async fn a_monitor_of_what_there_is_not_is_refused() {
    let client = Client::new().await;
    let body = json!({
        "collections": ["search"],
        "environment": "prod",
        "schedule": { "every": "1m" },
        "alerts": [{ "channels": ["hook"] }],
    });
    let reply = client.put("/v1/monitors/m", body).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    let body = reply.json();
    let pointers: Vec<_> =
        body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/environment", "/collections/0", "/alerts/0/channels/0"]);
}

#[tokio::test]
async fn the_monitor_of_a_collections_schedule_is_edited_through_the_collection() {
    let client = Client::new().await;
    let mut document = ping("search");
    document["schedule"] = json!({ "every": "1m" });
    client.given("/v1/collections/search", document).await;
    assert_eq!(client.get("/v1/monitors/search").await.json()["owner"], "search");

    let body = json!({ "collections": ["search"], "schedule": { "every": "2m" } });
    assert_eq!(client.put("/v1/monitors/search", body).await.refusal(), (409, "owned".to_owned()));
    assert_eq!(client.delete("/v1/monitors/search").await.refusal(), (409, "owned".to_owned()));
    assert_eq!(client.delete("/v1/collections/search").await.status, 204);
    assert_eq!(client.get("/v1/monitors/search").await.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_channel_that_an_alert_names_stays() {
    let client = Client::new().await;
    client.given("/v1/channels/hook", json!({ "type": "webhook", "url": "https://example.com/hook" })).await;
    let mut document = ping("search");
    document["schedule"] = json!({ "every": "1m" });
    document["alerts"] = json!([{ "channels": ["hook"] }]);
    client.given("/v1/collections/search", document).await;
    assert_eq!(client.delete("/v1/channels/hook").await.refusal(), (409, "in_use".to_owned()));
}
