//! What every path refuses in the same way.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::{Client, client::Reply};

async fn send(method: &str, path: &str, media_type: &str, body: impl Into<Body>) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
        .header("content-type", media_type)
        .body(body.into())
        .unwrap();
    Client::new().await.raw(request).await
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_and_never_a_page() {
    let client = Client::new().await;
    for path in ["/v1", "/v1/", "/v1/nothing", "/v2/runs", "/v1/runs/a/b/c", "/index.php"] {
        assert_eq!(client.get(path).await.refusal(), (404, "unknown_path".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_says_which_are_right() {
    let reply = Client::new().await.delete("/v1/runs").await;
    assert_eq!(reply.refusal(), (405, "method_not_allowed".to_owned()));
    assert_eq!(reply.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_its_place() {
    let reply = send("POST", "/v1/channels", "application/json", "{\n  \"id\": oops }").await;
    insta::assert_json_snapshot!(reply.body());
    assert_eq!(reply.refusal(), (400, "malformed_body".to_owned()));
    let empty = send("POST", "/v1/channels", "application/json", "").await;
    assert_eq!(empty.refusal(), (400, "malformed_body".to_owned()));
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"] {
        let reply = send("POST", "/v1/channels", media_type, "{}").await;
        assert_eq!(reply.refusal(), (415, "unsupported_media_type".to_owned()), "{media_type}");
    }
    let with_charset = send("POST", "/v1/channels", "Application/JSON; charset=utf-8", "{}").await;
    assert_eq!(with_charset.status, 422);
}

#[tokio::test]
async fn a_body_beyond_one_mebibyte_is_refused() {
    let reply = send("POST", "/v1/channels", "application/json", vec![b' '; (1 << 20) + 1]).await;
    assert_eq!(reply.refusal(), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn a_query_parameter_that_nobody_knows_is_refused() {
    let client = Client::new().await;
    let reply = client.get("/v1/runs?outcme=failed").await;
    assert_eq!(reply.refusal(), (400, "invalid_query".to_owned()));
    assert_eq!(reply.json()["detail"], "there is no parameter `outcme`; did you mean `outcome`?");
    for path in
        ["/v1/runs/x?limit=1", "/healthz?verbose", "/v1/monitors?state=open", "/v1/runs?limit=1&limit=2"]
    {
        assert_eq!(client.get(path).await.refusal(), (400, "invalid_query".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_query_parameter_of_a_wrong_value_is_refused() {
    let client = Client::new().await;
    for query in ["outcome=broken", "limit=0", "limit=101", "limit=many", "cursor=here", "monitor=NOT%20ONE"]
    {
        let reply = client.get(&format!("/v1/runs?{query}")).await;
        assert_eq!(reply.refusal(), (400, "invalid_query".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_the_id_of_nothing() {
    let client = Client::new().await;
    let paths = ["/v1/runs/x", "/v1/incidents/run_0", "/v1/monitors/UPPER", "/v1/collections/%ff"];
    for path in paths {
        assert_eq!(client.get(path).await.refusal(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_document_comes_at_once() {
    let client = Client::new().await;
    let body = json!({ "id": "c", "nmae": "x", "steps": [{ "id": "a", "request": { "urk": "http://a" } }] });
    let reply = client.post("/v1/collections", body).await;
    insta::assert_json_snapshot!(reply.body());
    assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    for body in [json!([]), json!("x"), json!(null), json!({ "kind": "monitor", "id": "c" })] {
        let reply = client.post("/v1/collections", body).await;
        assert_eq!(reply.refusal(), (422, "invalid_document".to_owned()));
    }
}
