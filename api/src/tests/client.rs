//! A client of the router. Every answer is held against `/openapi.json`: what is not described fails its test.

use axum::{Router, body::Body};
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::MockClock;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use store::Store;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{Api, openapi, router, routes};

/// The API on an empty database, at ten o'clock.
pub(crate) struct Client {
    pub(crate) store: Store,
    clock: MockClock,
    router: Router,
    description: Value,
    _folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = MockClock::at("2026-11-22T10:00:00Z".parse().unwrap());
        let store = Store::open_sqlite(folder.path()).await.unwrap();
        let store = store.with_clock(std::sync::Arc::new(clock.clone()));
        let demo_url = Some("http://127.0.0.1:8090".parse().unwrap());
        let router = router(Api { store: store.clone(), demo_url, version: "0.0.0" });
        let description = openapi::describe(&routes::table(), "0.0.0");
        Self { store, clock, router, description, _folder: folder }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        domain::clock::Clock::now(&self.clock)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// A POST without a body.
    pub(crate) async fn press(&self, path: &str) -> Reply {
        self.send(Method::POST, path, None).await
    }

    /// Puts what a test needs to be there.
    pub(crate) async fn given(&self, path: &str, body: Value) {
        let reply = self.put(path, body).await;
        assert!(reply.status.is_success(), "{path}: {}", reply.text);
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.raw(request.body(body).unwrap()).await
    }

    /// Sends anything.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Reply {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let reply = Reply { status: parts.status, headers: parts.headers, text };
        self.hold_against_description(&method, &path, &reply);
        reply
    }

    fn hold_against_description(&self, method: &Method, path: &str, reply: &Reply) {
        let paths = self.description["paths"].as_object().unwrap();
        let Some((_, operations)) = paths.iter().find(|(template, _)| matches(template, path)) else {
            return;
        };
        let operation = &operations[method.as_str().to_lowercase()];
        if operation.is_null() {
            return;
        }
        let responses = &operation["responses"];
        let mut described = &responses[reply.status.as_str()];
        if described.is_null() {
            assert!(!reply.status.is_success(), "{method} {path}: {} is not described", reply.status);
            described = &responses["default"];
        }
        let Some(content) = described["content"].as_object() else {
            assert_eq!(reply.text, "", "{method} {path} answers a body that is not described");
            return;
        };
        let (media_type, content) = content.iter().next().unwrap();
        assert_eq!(reply.header("content-type"), media_type, "{method} {path}");
        let schema = json!({ "allOf": [content["schema"]], "components": self.description["components"] });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let body = reply.json();
        let errors: Vec<_> =
            validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{method} {path} is not as described: {errors:#?}\n{body:#}");
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(template, part)| template == part || template.starts_with('{'))
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body for a snapshot. Ids are random, times are the test's.
    pub(crate) fn body(&self) -> Value {
        redacted(self.json())
    }

    /// The status and the code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["type"], format!("/problems/{}", body["code"].as_str().unwrap()));
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }

    /// The `id`s of the `data` of a list.
    pub(crate) fn ids(&self) -> Vec<String> {
        let body = self.json();
        let data = body["data"].as_array().unwrap_or_else(|| panic!("no list: {body}"));
        data.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) => match text.split_once('_') {
            Some((prefix, hex)) if hex.len() == 32 && prefix.len() == 3 => json!(format!("[{prefix}]")),
            _ => Value::String(text),
        },
        Value::Array(all) => all.into_iter().map(redacted).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, redacted(value))).collect(),
        other => other,
    }
}
