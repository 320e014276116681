//! Shared set-ups as somebody sees them who runs `skopos test`: one login for all that is run.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod executable;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path},
};

const LOGIN: &str = r#"
kind: collection
version: 1
id: session-login
steps:
- { id: post, request: { method: POST, url: "@{{vars.base_url}}/login" }, capture: { token: body.token } }
---
"#;

fn user(id: &str) -> String {
    format!(
        "kind: collection\nversion: 1\nid: {id}\nuses: [ {{ collection: session-login }} ]\nsteps:\n- {{ id: list, \
         request: {{ url: \"@{{{{vars.base_url}}}}/orders\", headers: {{ X-Token: \"@{{{{session-login.captures.token}}}}\" }} }} }}\n---\n"
    )
}

/// Runs all collections but the login, and answers the exit code and everything that was said.
async fn test(shop: &MockServer, text: &str, more: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.yaml");
    std::fs::write(&file, text).unwrap();
    let mut command = executable::command();
    let base = format!("base_url={}", shop.uri());
    command.arg("test").arg(&file).args(["--var", &base, "--grep", "^user"]).args(more);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// A login that gives `tok-0001`, `tok-0002`… and counts, and orders for whoever has the token that is good.
async fn shop(good: &'static str) -> (MockServer, Arc<AtomicUsize>) {
    let (shop, logins) = (MockServer::start().await, Arc::<AtomicUsize>::default());
    let counted = logins.clone();
    let login = move |_: &Request| {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        ResponseTemplate::new(200).set_body_json(json!({ "token": format!("tok-{number:04}") }))
    };
    Mock::given(method("POST")).and(path("/login")).respond_with(login).mount(&shop).await;
    let orders = || Mock::given(path("/orders"));
    orders().and(header("x-token", good)).respond_with(ResponseTemplate::new(200)).mount(&shop).await;
    orders().respond_with(ResponseTemplate::new(401)).with_priority(9).mount(&shop).await;
    (shop, logins)
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_repetitions_and_jobs_share_one_login() {
    let (shop, logins) = shop("tok-0001").await;
    let text = [LOGIN, &user("user-a"), &user("user-b"), &user("user-c")].concat();
    let (code, said) = test(&shop, &text, &["--repeat", "4", "--jobs", "6", "--reporter", "json"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(logins.load(Ordering::SeqCst), 1);
    let report: Value = serde_json::from_str(&said[..=said.rfind("\n}").unwrap() + 1]).unwrap();
    let runs = report["runs"].as_array().unwrap();
    let here = runs.iter().filter(|run| run["set_ups"][0].get("steps").is_some());
    assert_eq!((runs.len(), here.count()), (12, 1), "one run tells how it was fetched");
    assert!(!said.contains("tok-0001"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_fetched_anew_once() {
    let (shop, logins) = shop("tok-0002").await;
    let text = [LOGIN, &user("user-a"), &user("user-b")].concat();
    let (code, said) = test(&shop, &text, &["--repeat", "3"]).await;
    assert_eq!((code, logins.load(Ordering::SeqCst)), (Some(0), 2), "{said}");
    assert!(said.contains("session-login  shared set-up, run here"), "{said}");
    assert!(said.contains("session-login  shared set-up, from an earlier run"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_fails_is_asked_once_and_fails_whatever_needs_it() {
    let shop = MockServer::start().await;
    Mock::given(path("/login")).respond_with(ResponseTemplate::new(503)).expect(1).mount(&shop).await;
    Mock::given(path("/orders")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&shop).await;
    let text = [LOGIN, &user("user-a"), &user("user-b")].concat();
    let (code, said) = test(&shop, &text, &[]).await;
    assert_eq!(code, Some(1), "{said}");
    let why = "the shared set-up `session-login` failed at step `post`: status: expected a status below 400, found 503";
    assert_eq!(said.matches(why).count(), 2, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_is_not_among_the_documents_cannot_be_run() {
    let shop = MockServer::start().await;
    let (code, said) = test(&shop, &user("user-a"), &[]).await;
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the collection `session-login`, which is used here, is not among"), "{said}");
}
