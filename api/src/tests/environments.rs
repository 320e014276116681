//! `/v1/environments`: secrets go in and never come out.

use secrecy::ExposeSecret;
use serde_json::json;
use store::environments;

use super::Client;

#[tokio::test]
async fn secrets_are_answered_as_names_only() {
    let client = Client::new().await;
    let body =
        json!({ "id": "prod", "vars": { "limit": 5 }, "secrets": { "TOKEN": { "value": "hunter2" } } });
    let created = client.post("/v1/environments", body).await;
    assert_eq!(created.status, 201);
    insta::assert_json_snapshot!(created.body());
    for reply in [created, client.get("/v1/environments/prod").await, client.get("/v1/environments").await] {
        assert!(!reply.text.contains("hunter2"), "{}", reply.text);
    }
}

#[tokio::test]
async fn an_empty_secret_keeps_its_value() {
    let client = Client::new().await;
    client.given("/v1/environments/prod", json!({ "secrets": { "TOKEN": { "value": "hunter2" } } })).await;
    client.given("/v1/environments/prod", json!({ "vars": { "a": 1 }, "secrets": { "TOKEN": {} } })).await;
    let mut conn = client.store.read().await.unwrap();
    let slug = "prod".parse().unwrap();
    let values = environments::values(&mut conn, &slug, client.store.secrets_key()).await.unwrap().unwrap();
    assert_eq!((values.secrets["TOKEN"].expose_secret(), &values.vars["a"]), ("hunter2", &json!(1)));
}

#[tokio::test]
async fn an_empty_secret_with_nothing_to_keep_is_refused() {
    let reply = Client::new().await.put("/v1/environments/prod", json!({ "secrets": { "TOKEN": {} } })).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/secrets/TOKEN");
}

#[tokio::test]
async fn the_names_of_the_callers_process_are_refused() {
    let body = json!({ "secrets": { "TOKEN": { "from_env": "TOKEN" } } });
    let reply = Client::new().await.put("/v1/environments/prod", body).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/secrets/TOKEN/from_env");
}

#[tokio::test]
async fn an_environment_that_a_channel_names_stays() {
    let client = Client::new().await;
    client.given("/v1/environments/prod", json!({ "vars": {} })).await;
    let channel = json!({ "environment": "prod", "type": "webhook", "url": "https://example.com/hook" });
    client.given("/v1/channels/hook", channel).await;
    let reply = client.delete("/v1/environments/prod").await;
    assert_eq!(reply.refusal(), (409, "in_use".to_owned()));
    assert_eq!(reply.json()["used_by"], json!([{ "kind": "channel", "id": "hook" }]));
}
