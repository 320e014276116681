//! `/v1/drafts`: what editors ask for. Nothing is stored.

use serde_json::{Value, json};

use super::Client;

fn checkout() -> Value {
    json!({
        "id": "checkout",
        "environment": "production",
        "steps": [
            { "id": "login", "request": { "url": "https://shop.example.com/login" }, "capture": { "token": "body.token" } },
            { "id": "search", "request": { "url": "https://shop.example.com/search" } },
            {
                "id": "pay",
                "request": {
                    "url": "https://shop.example.com/pay/@{{step2.body.id}}",
                    "auth": { "bearer": "@{{ login.captures.token }}" },
                },
            },
        ],
    })
}

#[tokio::test]
async fn a_renamed_step_takes_its_references_along() {
    let client = Client::new().await;
    let body = json!({ "document": checkout(), "from": "login", "to": "enter" });
    let reply = client.post("/v1/drafts/rename-step", body).await;
    assert_eq!(reply.status.as_u16(), 200);
    insta::assert_json_snapshot!(reply.json());
    assert_eq!(client.get("/v1/collections").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_moved_step_keeps_its_number_in_references() {
    let client = Client::new().await;
    let body = json!({ "document": checkout(), "order": ["search", "login", "pay"] });
    let reply = client.post("/v1/drafts/arrange-steps", body).await;
    assert_eq!(
        reply.json()["document"]["steps"][2]["request"]["url"],
        "https://shop.example.com/pay/@{{step1.body.id}}"
    );
}

#[tokio::test]
async fn an_order_that_breaks_a_reference_is_refused_at_its_place() {
    let client = Client::new().await;
    let body = json!({ "document": checkout(), "order": ["pay", "search"] });
    let reply = client.post("/v1/drafts/arrange-steps", body).await;
    assert_eq!(reply.refusal(), (422, "invalid_request".to_owned()));
    insta::assert_json_snapshot!(reply.json()["errors"]);
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let client = Client::new().await;
    for (path, body, pointer) in [
        ("rename-step", json!({ "document": checkout(), "from": "logn", "to": "x" }), "/from"),
        ("rename-step", json!({ "document": checkout(), "from": "login", "to": "pay" }), "/to"),
        ("rename-step", json!({ "document": 5, "from": "login", "to": "pay" }), "/document/steps"),
        ("arrange-steps", json!({ "document": checkout(), "order": ["login", "login"] }), "/order/1"),
        ("completions", json!({ "document": checkout() }), ""),
    ] {
        let reply = client.post(&format!("/v1/drafts/{path}"), body).await;
        assert_eq!(reply.refusal(), (422, "invalid_request".to_owned()), "{path}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{path}");
    }
}

#[tokio::test]
async fn completions_are_what_can_be_named_there_and_no_value_of_a_secret() {
    let client = Client::new().await;
    let production = json!({
        "id": "production", "vars": { "base_url": "https://shop.example.com" },
        "secrets": { "KEY": { "value": "hidden-value" } },
    });
    client.given("/v1/environments/production", production).await;
    client.given("/v1/environments/other", json!({ "id": "other", "vars": { "elsewhere": 1 } })).await;
    let body = json!({
        "document": checkout(),
        "pointer": "/steps/1/request/url",
        "answers": { "login": { "status": 200, "body": { "token": "t" } } },
    });
    let reply = client.post("/v1/drafts/completions", body).await;
    assert!(!reply.text.contains("hidden-value") && !reply.text.contains("elsewhere"), "{}", reply.text);
    let data = reply.json()["data"].clone();
    let named: Vec<_> =
        data.as_array().unwrap().iter().filter(|one| one["kind"] != "filter").cloned().collect();
    insta::assert_json_snapshot!(named);
}
