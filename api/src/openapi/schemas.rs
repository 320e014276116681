//! The components of `/openapi.json`, made from the Rust types by schemars, so that nothing is described twice.

use std::collections::BTreeMap;

use domain::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value, json};

use crate::documents::Resource;

const COMPONENTS: &str = "/components/schemas";

/// Collects schemas while operations are described. What is read and what is written differ (a key with a default
/// may be left out of a body and is always in an answer), so each has a generator of its own.
pub(crate) struct Schemas {
    bodies: SchemaGenerator,
    answers: SchemaGenerator,
    documents: BTreeMap<String, Value>,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = || SchemaSettings::draft2020_12().with(|one| one.definitions_path = COMPONENTS.into());
        Self {
            bodies: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
            documents: BTreeMap::new(),
        }
    }

    /// What is read.
    pub(crate) fn read<T: JsonSchema>(&mut self) -> Schema {
        self.bodies.subschema_for::<T>()
    }

    /// What is answered.
    pub(crate) fn answer<T: JsonSchema>(&mut self) -> Schema {
        self.answers.subschema_for::<T>()
    }

    /// What is read, in place: for query parameters, which have no component.
    pub(crate) fn inline<T: JsonSchema>(&mut self) -> Schema {
        T::json_schema(&mut self.bodies)
    }

    /// A document as it is sent: what the path says already may be left out.
    pub(crate) fn sent<R: Resource>(&mut self) -> Schema {
        let mut schema = R::json_schema(&mut self.bodies).to_value();
        schema["properties"] = merged(envelope::<R>(), schema["properties"].take());
        if let Some(required) = schema["required"].as_array_mut() {
            required.retain(|name| name != "id");
        }
        self.document(format!("{}Document", R::TITLE), schema)
    }

    /// A document as it is answered: whole, with what the server knows about it.
    pub(crate) fn shown<R: Resource>(&mut self) -> Schema {
        let mut schema = R::json_schema(&mut self.bodies).to_value();
        let mut facts = R::Facts::json_schema(&mut self.answers).to_value();
        schema["properties"] =
            merged(merged(envelope::<R>(), schema["properties"].take()), facts["properties"].take());
        schema["properties"]["warnings"] = json!({
            "type": "array",
            "description": "What may be wrong with a document that was saved just now.",
            "items": self.answer::<Problem>(),
        });
        let mut required = vec![json!("kind"), json!("version")];
        for part in [&mut schema, &mut facts] {
            required.extend(part["required"].as_array_mut().into_iter().flat_map(std::mem::take));
        }
        schema["required"] = required.into();
        self.document(R::TITLE.to_owned(), schema)
    }

    /// A page of a list of documents.
    pub(crate) fn listed<R: Resource>(&mut self) -> Schema {
        let item = self.shown::<R>().to_value();
        let schema = json!({
            "type": "object",
            "description": "One page, newest first.",
            "properties": {
                "data": { "type": "array", "items": item },
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "`cursor` of the next page; null on the last one."
                },
            },
            "required": ["data", "next_cursor"],
        });
        self.document(format!("{}List", R::TITLE), schema)
    }

    /// Everything that was collected, by name.
    pub(crate) fn into_components(mut self) -> Map<String, Value> {
        let mut all = self.bodies.take_definitions(true);
        all.extend(self.answers.take_definitions(true));
        all.extend(self.documents);
        all.sort_keys();
        all
    }

    /// Names under which bodies and answers have different schemas.
    #[cfg(test)]
    pub(crate) fn ambiguous(&self) -> Vec<String> {
        let answers = self.answers.definitions();
        let differs =
            |(name, schema): &(&String, &Value)| answers.get(*name).is_some_and(|one| one != *schema);
        self.bodies.definitions().iter().filter(differs).map(|(name, _)| name.clone()).collect()
    }

    fn document(&mut self, name: String, mut schema: Value) -> Schema {
        if let Some(schema) = schema.as_object_mut() {
            schema.shift_remove("$schema");
            schema.insert("title".to_owned(), json!(name));
        }
        let reference = json_schema!({ "$ref": format!("#{COMPONENTS}/{name}") });
        self.documents.insert(name, schema);
        reference
    }
}

fn envelope<R: Resource>() -> Value {
    json!({
        "kind": { "const": R::KIND.as_str(), "description": "What this document describes." },
        "version": { "const": domain::document::VERSION, "description": "Of the language." },
    })
}

/// The properties of both.
fn merged(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            first.extend(second);
            Value::Object(first)
        }
        (first, _) => first,
    }
}
