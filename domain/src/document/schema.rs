//! The JSON Schema of a document, generated from the types.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{Channel, Collection, Environment, Kind, Monitor, VERSION};

/// JSON Schema (2020-12) of one document of any kind.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let kinds = [
        kind(&mut generator, Kind::Collection, Collection::json_schema),
        kind(&mut generator, Kind::Monitor, Monitor::json_schema),
        kind(&mut generator, Kind::Environment, Environment::json_schema),
        kind(&mut generator, Kind::Channel, Channel::json_schema),
    ];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Skopos document",
        "description": "One collection, monitor, environment or channel.",
        "oneOf": kinds,
        "$defs": generator.take_definitions(true),
    })
}

/// The schema of one kind: that of its type, with `kind` and `version` in front.
fn kind(
    generator: &mut SchemaGenerator,
    kind: Kind,
    of: fn(&mut SchemaGenerator) -> schemars::Schema,
) -> Value {
    let mut schema = of(generator).to_value();
    let mut properties = json!({
        "kind": { "const": kind.as_str(), "description": "What this document describes." },
        "version": { "const": VERSION, "description": "Of the language." },
    });
    if let (Some(all), Some(own)) = (properties.as_object_mut(), schema["properties"].as_object_mut()) {
        all.append(own);
    }
    schema["properties"] = properties;
    if let Some(required) = schema["required"].as_array_mut() {
        required.splice(0..0, [json!("kind"), json!("version")]);
    }
    schema["title"] = json!(kind.as_str());
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{read_text, to_value};

    #[test]
    fn the_schema_takes_what_is_read_and_refuses_unknown_keys() {
        let schema = jsonschema::draft202012::new(&schema()).unwrap();
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/checkout.yaml"));
        for reading in read_text(text) {
            let mut value = to_value(&reading.document.unwrap());
            assert!(schema.is_valid(&value), "{value:#}");
            value["nmae"] = json!("x");
            assert!(!schema.is_valid(&value), "{value:#}");
        }
    }

    #[test]
    fn rows_are_a_list_of_objects_or_a_path() {
        let schema = jsonschema::draft202012::new(&schema()).unwrap();
        let steps = json!([{ "id": "a", "request": { "url": "http://x.test" } }]);
        let with = |each: Value| json!({ "kind": "collection", "version": 1, "id": "c", "each": each, "steps": steps });
        for each in [json!([{ "sku": "A", "n": [1] }]), json!("./rows.csv")] {
            assert!(schema.is_valid(&with(each.clone())), "{each}");
        }
        for each in [json!([]), json!(["A"]), json!({ "sku": "A" }), json!(1)] {
            assert!(!schema.is_valid(&with(each.clone())), "{each}");
        }
    }
}
