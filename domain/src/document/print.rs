//! The canonical form of a document: what the API answers and what can be read back.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Document, SecretValue, VERSION};

/// `kind` and `version` first, then the document's own keys in their order. Secrets are names with `{}`: their values
/// are never printed, and `{}` means "keep it" when the document comes back.
#[must_use]
pub fn to_value(document: &Document) -> Value {
    let body = match document {
        Document::Collection(collection) => body(collection),
        Document::Monitor(monitor) => body(monitor),
        Document::Channel(channel) => body(channel),
        Document::Environment(environment) => {
            let mut environment = environment.clone();
            environment.secrets.values_mut().for_each(|secret| *secret = SecretValue::default());
            body(&environment)
        }
    };
    let mut value = Map::new();
    value.insert("kind".to_owned(), document.kind().as_str().into());
    value.insert("version".to_owned(), VERSION.into());
    value.extend(body);
    Value::Object(value)
}

fn body(document: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(document) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("documents are structs with text keys, which serialize as objects"),
    }
}
