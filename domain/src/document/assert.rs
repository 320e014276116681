//! One assertion or condition as written. `assertion` compiles it; this says what editors can complete.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::assertion::{Comparison, OriginalComparison};

/// One assertion as written: one source key, and what must hold of it. In `when`, a `value` and what must hold of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Check(pub Map<String, Value>);

/// Sources that are a name.
const NAMES: &str = r"^(status|latency|size|url|redirects|ip|http\.version|tls\..+|timing\..+|request\..+)$";
/// Sources that go on as a path.
const PATHS: &str = r"^(body|headers|cookies|captures)([.\[].+)?$";

impl JsonSchema for Check {
    fn schema_name() -> Cow<'static, str> {
        "Check".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One source and what must hold of it; in `when`, a `value`; or the original Skopos's object.",
            "examples": [{ "status": 201 }, { "latency": { "lt": "2s", "degraded": "1s" } }, { "body.items": { "length": { "gte": 1 } } }],
            "anyOf": [assertion(), condition(), original()],
        })
    }
}

fn assertion() -> Value {
    let scalar = json!({ "type": ["string", "number", "boolean", "null"] });
    let severity = ("severity", json!({ "enum": ["error", "warning"], "default": "error" }));
    let written = json!({ "anyOf": [scalar, comparisons(None, [severity.clone()])] });
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "jsonpath": comparisons(Some("path"), [("path", text()), severity.clone()]),
            "xpath": comparisons(Some("path"), [("path", text()), severity.clone()]),
            "regex": comparisons(Some("pattern"), [("pattern", text()), severity]),
        },
        "patternProperties": { NAMES: written, PATHS: written },
        "additionalProperties": false,
    })
}

fn condition() -> Value {
    comparisons(Some("value"), [("value", json!(true))])
}

/// Comparisons, and other keys beside them.
fn comparisons<const N: usize>(required: Option<&str>, others: [(&str, Value); N]) -> Value {
    let named =
        Comparison::ALL.iter().map(|comparison| (comparison.to_string(), comparison.operand_schema()));
    let others = others.into_iter().map(|(key, schema)| (key.to_owned(), schema));
    json!({
        "type": "object",
        "minProperties": 1 + usize::from(required.is_some()),
        "properties": named.chain(others).collect::<Map<_, _>>(),
        "required": required.into_iter().collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn original() -> Value {
    json!({
        "type": "object",
        "properties": {
            "property": { "type": "string" },
            "comparison": { "enum": OriginalComparison::ALL },
            "expected": true,
        },
        "required": ["property", "comparison"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::{Assertion, Condition};

    #[test]
    fn the_schema_accepts_what_compiles_and_refuses_what_does_not() {
        let schema = schemars::schema_for!(Check);
        let schema = jsonschema::options().build(schema.as_value()).unwrap();
        for (written, valid) in [
            (json!({ "status": 201 }), true),
            (json!({ "latency": { "lt": "2s", "degraded": "1s", "severity": "warning" } }), true),
            (json!({ "body.items[0].id": { "exists": "@{{vars.there}}" } }), true),
            (json!({ "body": { "schema": { "type": "object" } } }), true),
            (json!({ "headers.content-type": { "contains": "json" } }), true),
            (json!({ "body.v": { "type": ["null", "string"], "length": 1 } }), true),
            (json!({ "jsonpath": { "path": "$.a", "all": { "gt": 1 } } }), true),
            (json!({ "regex": { "pattern": "a", "exists": true } }), true),
            (json!({ "xpath": { "path": "//h1/text()", "equals": "Shop", "severity": "warning" } }), true),
            (json!({ "xpath": { "equals": "Shop" } }), false),
            (json!({ "property": "status", "comparison": "is equal to", "expected": "1" }), true),
            (json!({ "value": "@{{vars.plan}}", "equals": "pro" }), true),
            (json!({}), false),
            (json!({ "statsu": 200 }), false),
            (json!({ "status": [200] }), false),
            (json!({ "status": { "gtt": 1 } }), false),
            (json!({ "body.v": { "exists": 1 } }), false),
            (json!({ "status": 1, "size": 1 }), false),
            (json!({ "jsonpath": { "contains": 1 } }), false),
            (json!({ "property": "status", "comparison": "equals", "expected": "1" }), false),
            (json!({ "value": 1 }), false),
        ] {
            let check: Check = serde_json::from_value(written.clone()).unwrap();
            let compiles = Assertion::compile(&check).is_ok() || Condition::compile(&check).is_ok();
            assert_eq!((schema.is_valid(&written), compiles), (valid, valid), "{written}");
        }
    }
}
