//! `/openapi.json` (OpenAPI 3.1), made from the table of operations and from the Rust types.

mod schemas;

use std::{collections::BTreeSet, sync::OnceLock};

use axum::{body::Bytes, extract::State, response::IntoResponse};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

pub(crate) use self::schemas::Schemas;
use crate::{
    Api,
    operation::{Answer, Operation, Parameter},
    refusal::{self, Code},
    routes,
};

/// `GET /openapi.json`. The table does not change while the process lives.
pub(crate) async fn show(State(api): State<Api>) -> impl IntoResponse {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| describe(&routes::table(), api.version).to_string().into());
    ([(CONTENT_TYPE, "application/json")], document.clone())
}

/// The whole document.
pub(crate) fn describe(table: &[Operation], version: &str) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in table {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = describe_one(operation, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Skopos",
            "version": version,
            "summary": "Monitors API workflows.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Where this document comes from." }],
        "paths": paths,
        "components": { "schemas": schemas.into_components() },
    })
}

fn describe_one(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters(operation, schemas),
        "responses": responses(operation, schemas),
    });
    if let Some(body) = &operation.body {
        let schema = (body.schema)(schemas);
        described["requestBody"] =
            json!({ "required": body.required, "content": { "application/json": { "schema": schema } } });
    }
    described
}

fn parameters(operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let in_path = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<_> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for Parameter { name, schema } in operation.parameters(schemas) {
        let mut schema = without_null(schema);
        let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
        let mut described = json!({ "name": name, "in": "query", "schema": schema });
        if let Some(description) = description {
            described["description"] = description;
        }
        all.push(described);
    }
    all
}

/// A parameter that may be left out is an `Option`, whose schema allows null; but no query says null.
fn without_null(mut schema: Value) -> Value {
    let one = match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([one, null]) if null["type"] == "null" => one.clone(),
        _ => Value::Null,
    };
    if let (Some(schema), Value::Object(one)) = (schema.as_object_mut(), one) {
        schema.shift_remove("anyOf");
        schema.extend(one);
    }
    let word = match schema["type"].as_array().map(Vec::as_slice) {
        Some([word, null]) if null == "null" => word.clone(),
        _ => return schema,
    };
    schema["type"] = word;
    schema
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Map<String, Value> {
    let mut all = Map::new();
    for answer in &operation.answers {
        all.insert(answer.status.as_str().to_owned(), success(answer, schemas));
    }
    let refusal = schemas.answer::<refusal::Body>().to_value();
    let statuses: BTreeSet<_> = operation.refusals.iter().map(|code| code.status()).collect();
    for status in statuses {
        let codes = operation.refusals.iter().filter(|code| code.status() == status);
        let titles: Vec<_> = codes.map(|code| described(*code)).collect();
        all.insert(status.as_str().to_owned(), problem(&titles.join(" "), &refusal));
    }
    all.insert("default".to_owned(), problem("Whatever else keeps it from being done.", &refusal));
    all
}

fn described(code: Code) -> String {
    let (word, _, title) = code.meaning();
    format!("`{word}`: {title}.")
}

fn success(answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut described = json!({ "description": answer.description });
    if let Some(schema) = answer.schema {
        described["content"] = json!({ "application/json": { "schema": schema(schemas) } });
    }
    if answer.has_location {
        described["headers"] = json!({
            "Location": { "description": "Its path.", "schema": { "type": "string" } }
        });
    }
    described
}

fn problem(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
}
