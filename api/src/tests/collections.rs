//! `/v1/collections`, and by them the rules that all documents share.

use serde_json::{Value, json};

use super::Client;

/// A collection of one step.
pub(super) fn ping(id: &str) -> Value {
    json!({ "id": id, "steps": [{ "id": "ping", "request": { "url": "https://shop.example.com/ping" } }] })
}

#[tokio::test]
async fn post_creates_and_says_where() {
    let client = Client::new().await;
    let reply = client.post("/v1/collections", ping("search")).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (201, "/v1/collections/search"));
    insta::assert_json_snapshot!(reply.body());
    assert_eq!(client.get("/v1/collections/search").await.json(), reply.json());
}

#[tokio::test]
async fn post_of_an_id_that_is_taken_is_a_conflict() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let reply = client.post("/v1/collections", ping("search")).await;
    assert_eq!(reply.refusal(), (409, "already_exists".to_owned()));
}

#[tokio::test]
async fn put_creates_replaces_and_leaves_alone() {
    let client = Client::new().await;
    let mut document = ping("search");
    document.as_object_mut().unwrap().remove("id");
    let created = client.put("/v1/collections/search", document.clone()).await;
    assert_eq!((created.status.as_u16(), created.header("location")), (201, "/v1/collections/search"));

    client.advance(60);
    let unchanged = client.put("/v1/collections/search", document.clone()).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.json()), (200, created.json()));

    document["name"] = json!("Search");
    let replaced = client.put("/v1/collections/search", document).await;
    let body = replaced.json();
    assert_eq!(
        (replaced.status.as_u16(), &body["revision"], &body["name"]),
        (200, &json!(2), &json!("Search"))
    );
    assert_eq!((&body["uid"], &body["created_at"]), (&created.json()["uid"], &json!("2026-11-22T10:00:00Z")));
    assert_eq!(body["updated_at"], "2026-11-22T10:01:00Z");
}

#[tokio::test]
async fn put_of_another_id_than_the_paths_is_refused() {
    let reply = Client::new().await.put("/v1/collections/search", ping("other")).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/id");
}

#[tokio::test]
async fn what_was_answered_can_be_put_back_without_what_the_server_added() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    let mut body = client.get("/v1/collections/search").await.json();
    for added in ["uid", "revision", "created_at", "updated_at"] {
        assert!(body.as_object_mut().unwrap().remove(added).is_some(), "{added}");
    }
    let again = client.put("/v1/collections/search", body).await;
    assert_eq!((again.status.as_u16(), &again.json()["revision"]), (200, &json!(1)));
}

#[tokio::test]
async fn lists_come_in_pages_newest_first() {
    let client = Client::new().await;
    for id in ["a", "b", "c"] {
        client.advance(1);
        client.given(&format!("/v1/collections/{id}"), ping(id)).await;
    }
    let first = client.get("/v1/collections?limit=2").await;
    assert_eq!(first.ids(), ["c", "b"]);
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = client.get(&format!("/v1/collections?limit=2&cursor={cursor}")).await;
    assert_eq!((second.ids(), &second.json()["next_cursor"]), (vec!["a".to_owned()], &Value::Null));
}

#[tokio::test]
async fn delete_takes_it_away_once() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    assert_eq!(client.delete("/v1/collections/search").await.status, 204);
    assert_eq!(client.delete("/v1/collections/search").await.refusal(), (404, "not_found".to_owned()));
    assert_eq!(client.get("/v1/collections/search").await.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_collection_that_a_monitor_names_stays_and_says_which() {
    let client = Client::new().await;
    client.given("/v1/collections/search", ping("search")).await;
    client.given("/v1/monitors/m", json!({ "collections": ["search"], "schedule": { "every": "1m" } })).await;
    let reply = client.delete("/v1/collections/search").await;
    assert_eq!(reply.refusal(), (409, "in_use".to_owned()));
    assert_eq!(reply.json()["used_by"], json!([{ "kind": "monitor", "id": "m" }]));
}

#[tokio::test]
async fn a_reference_to_a_variable_that_nothing_has_is_refused() {
    let client = Client::new().await;
    let mut document = ping("search");
    document["steps"][0]["request"]["url"] = json!("@{{vars.base}}/ping");
    let reply = client.put("/v1/collections/search", document.clone()).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/steps/0/request/url");

    client.given("/v1/environments/prod", json!({ "vars": { "base": "https://shop.example.com" } })).await;
    client.given("/v1/collections/search", document).await;
}

#[tokio::test]
async fn what_may_be_wrong_is_said_and_saved() {
    let client = Client::new().await;
    let mut document = ping("search");
    document["steps"][0]["request"]["auth"] = json!({ "bearer": "@{{secrets.TOKEN}}" });
    let reply = client.put("/v1/collections/search", document).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["warnings"][0]["severity"]), (201, &json!("warning")));
}

#[tokio::test]
async fn a_path_of_the_callers_machine_is_refused() {
    let request = json!({ "method": "POST", "url": "https://shop.example.com/", "file": "./order.json" });
    let body = json!({ "steps": [{ "id": "a", "request": request }] });
    let reply = Client::new().await.put("/v1/collections/c", body).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    let errors = reply.json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    assert_eq!(errors[0]["pointer"], "/steps/0/request/file");
}

/// A set-up that captures, and a collection that refers to it.
fn set_up_and_user() -> (Value, Value) {
    let mut set_up = ping("sign-in");
    set_up["steps"][0]["capture"] = json!({ "token": "body.token", "user": "body.user" });
    let mut user = ping("search");
    user["uses"] = json!([{ "collection": "sign-in", "ttl": "5m" }]);
    user["steps"][0]["request"]["auth"] = json!({ "bearer": "@{{sign-in.captures.token}}" });
    (set_up, user)
}

#[tokio::test]
async fn a_shared_set_up_must_be_there_and_make_what_is_referred_to() {
    let client = Client::new().await;
    let (set_up, mut user) = set_up_and_user();
    let reply = client.put("/v1/collections/search", user.clone()).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/uses/0/collection");
    client.given("/v1/collections/sign-in", set_up).await;
    client.given("/v1/collections/search", user.clone()).await;
    assert_eq!(client.get("/v1/collections/search").await.json()["uses"], user["uses"]);
    user["steps"][0]["request"]["auth"] = json!({ "bearer": "@{{sign-in.captures.tokn}}" });
    let reply = client.put("/v1/collections/search", user).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    let error = &reply.json()["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["help"]),
        (&json!("/steps/0/request/auth/bearer"), &json!("did you mean `token`?"))
    );
}

#[tokio::test]
async fn a_shared_set_up_stays_and_goes_on_making_what_others_refer_to() {
    let client = Client::new().await;
    let (mut set_up, user) = set_up_and_user();
    client.given("/v1/collections/sign-in", set_up.clone()).await;
    client.given("/v1/collections/search", user).await;
    let reply = client.delete("/v1/collections/sign-in").await;
    assert_eq!(reply.refusal(), (409, "in_use".to_owned()));
    assert_eq!(reply.json()["used_by"], json!([{ "kind": "collection", "id": "search" }]));

    set_up["steps"][0]["capture"] = json!({ "token": "body.access_token" });
    client.given("/v1/collections/sign-in", set_up.clone()).await;
    set_up["steps"][0]["capture"] = json!({ "user": "body.user" });
    let reply = client.put("/v1/collections/sign-in", set_up.clone()).await;
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/steps");

    client.given("/v1/collections/search", ping("search")).await;
    client.given("/v1/collections/sign-in", set_up).await;
    assert_eq!(client.delete("/v1/collections/sign-in").await.status, 204);
}
