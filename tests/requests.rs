//! Requests from the document to the wire, as somebody sees them who runs `skopos test`: files beside the document, a
//! token that is fetched first, a server that asks who it is, and nothing secret on the screen.

mod executable;

use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_bytes, body_partial_json, body_string, header, header_regex, method, path},
};

const COLLECTION: &str = r#"
kind: collection
version: 1
id: everything
defaults:
  headers: { X-Team: payments }
  http_version: "1.1"
  resolve: { shop.internal: 127.0.0.1 }
  auth:
    oauth2:
      token_url: "http://shop.internal:@{{vars.port}}/token"
      client_id: monitor
      client_secret: "@{{secrets.CLIENT_SECRET}}"
      scope: orders
steps:
- id: upload
  request:
    method: POST
    url: "http://shop.internal:@{{vars.port}}/upload"
    multipart:
      order: { file: ./data/order.json }
      note: [fragile, 2]
  assert:
  - status: 201
- id: raw
  request:
    method: PUT
    url: "http://shop.internal:@{{vars.port}}/raw"
    file: ./data/order.json
- id: query
  request:
    url: "http://shop.internal:@{{vars.port}}/graphql"
    graphql:
      query: "query ($id: Int!) { order(id: $id) { total } }"
      variables: { id: "@{{upload.body.id}}" }
  assert:
  - body.errors: { exists: false }
  - body.data.order.total: { gt: 10 }
- id: signed
  request:
    url: "http://shop.internal:@{{vars.port}}/aws"
    auth:
      aws_sigv4: { region: eu-west-1, service: s3, access_key_id: AKIDEXAMPLE, secret_access_key: "@{{secrets.CLIENT_SECRET}}" }
- id: asked
  request:
    url: "http://shop.internal:@{{vars.port}}/digest"
    auth: { digest: { username: monitor, password: "@{{secrets.CLIENT_SECRET}}" } }
"#;

const ORDER: &str = r#"{"sku":"A"}"#;

async fn shop() -> MockServer {
    let shop = MockServer::start().await;
    let token = json!({ "access_token": "tok-4711", "token_type": "Bearer", "expires_in": "300" });
    Mock::given(method("POST"))
        .and(path("/token"))
        .and(body_string("grant_type=client_credentials&scope=orders"))
        .and(header("authorization", "Basic bW9uaXRvcjpodW50ZXIy"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .expect(1)
        .mount(&shop)
        .await;
    let authorized = |verb: &str, at: &str| {
        Mock::given(method(verb))
            .and(path(at))
            .and(header("authorization", "Bearer tok-4711"))
            .and(header("x-team", "payments"))
    };
    authorized("POST", "/upload")
        .and(header_regex("content-type", "^multipart/form-data; boundary=skopos-"))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({ "id": 7 })))
        .expect(1)
        .mount(&shop)
        .await;
    authorized("PUT", "/raw")
        .and(body_bytes(ORDER))
        .and(header("content-type", "application/json"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&shop)
        .await;
    authorized("POST", "/graphql")
        .and(body_partial_json(json!({ "variables": { "id": 7 } })))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({ "data": { "order": { "total": 12 } } })),
        )
        .expect(1)
        .mount(&shop)
        .await;
    let signature = "^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/[0-9]{8}/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;";
    Mock::given(path("/aws"))
        .and(header_regex("authorization", signature))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&shop)
        .await;
    Mock::given(path("/digest"))
        .and(header_regex("authorization", "^Digest username=\"monitor\", realm=\"r\", uri=\"/digest\""))
        .respond_with(ResponseTemplate::new(500).set_body_string("hunter2 tok-4711"))
        .expect(1)
        .mount(&shop)
        .await;
    let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
    Mock::given(path("/digest"))
        .respond_with(ResponseTemplate::new(401).insert_header("www-authenticate", challenge))
        .expect(1)
        .mount(&shop)
        .await;
    shop
}

#[tokio::test]
async fn every_kind_of_request_arrives_as_it_should() {
    let shop = shop().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/order.json"), ORDER).unwrap();
    std::fs::write(folder.path().join("everything.yaml"), COLLECTION).unwrap();
    let port = format!("port={}", shop.address().port());
    let mut command = executable::command();
    command
        .args(["test", folder.path().to_str().unwrap(), "--var", &port])
        .args(["--secret", "CLIENT_SECRET=SECRET_OF_THE_TEST"])
        .env("SECRET_OF_THE_TEST", "hunter2");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    for step in ["upload", "raw", "query", "signed"] {
        assert!(shown.contains(&format!("✓ {step}")), "{shown}");
    }
    // The last one fails on purpose, so that what was sent and what came back are shown.
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("*** ***") && !shown.contains("hunter2") && !shown.contains("tok-4711"),
        "{shown}"
    );
    shop.verify().await;
    let requests = shop.received_requests().await.unwrap();
    let upload = requests.iter().find(|request| request.url.path() == "/upload").unwrap();
    let body = String::from_utf8_lossy(&upload.body).into_owned();
    let part = "name=\"order\"; filename=\"order.json\"\r\nContent-Type: application/json\r\n\r\n{\"sku\":\"A\"}\r\n";
    assert!(body.contains(part) && body.matches("name=\"note\"").count() == 2, "{body}");
}
