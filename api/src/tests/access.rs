//! Who may talk to us, on whatever path.

use axum::body::Body;
use http::Request;

use super::Client;

async fn refusal(path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Client::new().await.raw(request.body(Body::empty()).unwrap()).await.refusal()
}

#[tokio::test]
async fn another_name_for_this_machine_is_refused_everywhere() {
    for path in ["/", "/v1/runs", "/healthz", "/nowhere"] {
        let refusal = refusal(path, &[("host", "attacker.example")]).await;
        assert_eq!(refusal, (403, "forbidden_host".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let headers = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8090")];
    assert_eq!(refusal("/v1/runs", &headers).await, (403, "forbidden_origin".to_owned()));
}
