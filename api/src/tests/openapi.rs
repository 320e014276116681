//! `/openapi.json`: that it is well formed, whole, and says nothing that is not so.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value};

use super::Client;

async fn description() -> Value {
    Client::new().await.get("/openapi.json").await.json()
}

fn operations(description: &Value) -> impl Iterator<Item = (&str, &str, &Map<String, Value>)> {
    description["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, one)| (path.as_str(), method.as_str(), one.as_object().unwrap()))
    })
}

/// Every value of that key, at any depth.
fn all<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            if name == key {
                found.push(value);
            }
            all(value, key, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_operation_of_the_description_is_answered_and_no_other() {
    let client = Client::new().await;
    let description = description().await;
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() > 10);
    for (path, item) in paths {
        let concrete = path.replace("{id}", "nothing");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let described = item.get(method.as_str().to_lowercase()).is_some();
            let request = http::Request::builder()
                .method(&method)
                .uri(&concrete)
                .header("host", "localhost")
                .body(axum::body::Body::empty());
            let reply = client.raw(request.unwrap()).await;
            assert_eq!(reply.status != 405, described, "{method} {path}: {}", reply.text);
            assert!(!reply.text.contains("unknown_path"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own_and_its_parameters() {
    let description = description().await;
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&description) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        assert!(!operation["summary"].as_str().unwrap().is_empty() && operation["tags"][0] != "", "{path}");
        assert!(operation["responses"].as_object().unwrap().len() > 1, "{method} {path}");
        let parameters = operation["parameters"].as_array().unwrap();
        let in_path: Vec<_> = parameters.iter().filter(|one| one["in"] == "path").collect();
        assert_eq!(in_path.len(), path.matches('{').count(), "{method} {path}");
        let names: BTreeSet<_> = parameters.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), parameters.len(), "{method} {path}");
        assert!(parameters.iter().all(|one| one["schema"].is_object()), "{method} {path}");
        assert!(!operation["parameters"].to_string().contains("null"), "{method} {path}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_schema_is_one() {
    let description = description().await;
    let mut references = Vec::new();
    all(&description, "$ref", &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
    for (name, schema) in description["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
    }
}

/// Bodies and answers are collected apart; where both have a schema of one name it must be the same one.
#[test]
fn no_name_means_two_schemas() {
    let mut schemas = crate::openapi::Schemas::new();
    for operation in crate::routes::table() {
        operation.body.iter().for_each(|body| drop((body.schema)(&mut schemas)));
        operation
            .answers
            .iter()
            .filter_map(|answer| answer.schema)
            .for_each(|schema| drop(schema(&mut schemas)));
    }
    assert_eq!(schemas.ambiguous(), Vec::<String>::new());
}

#[tokio::test]
async fn what_can_be_done_is_listed() {
    let description = description().await;
    let list: Vec<_> = operations(&description)
        .map(|(path, method, one)| format!("{method} {path}: {}", one["operationId"].as_str().unwrap()))
        .collect();
    insta::assert_json_snapshot!(list);
}
