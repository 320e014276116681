//! JSON Schemas that users write. Nothing is ever fetched for one, and its patterns run in linear time.

use jsonschema::{PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

use super::value;

/// What one compiled pattern may take, in bytes.
const PATTERN_LIMIT: usize = 1024 * 1024;
/// How many violations a message names.
const NAMED: usize = 3;

/// Compiles a schema, or says in one sentence why it is none.
pub(super) fn compile(schema: &Value) -> Result<Validator, String> {
    if let Value::String(text) = schema {
        let text = value::quoted(text);
        return Err(format!(
            "a JSON Schema is an object, found the text {text}; only the command line reads schema files"
        ));
    }
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_LIMIT))
        .build(schema)
        .map_err(|error| match error.kind() {
            ValidationErrorKind::Referencing(error) => {
                format!("a `$ref` leads out of this JSON Schema, and nothing is fetched: {error}")
            }
            _ => format!("not a usable JSON Schema: {}", explain(&error)),
        })
}

/// Whether a value is valid; else the first violations, each with its place.
pub(super) fn validate(schema: &Validator, actual: &Value) -> Result<(), String> {
    let named: Vec<_> = schema.iter_errors(actual).take(NAMED).map(|error| explain(&error)).collect();
    if named.is_empty() { Ok(()) } else { Err(format!("not valid: {}", named.join("; "))) }
}

/// The violation without the value, which may be long or secret.
fn explain(error: &ValidationError<'_>) -> String {
    let found = value::shown(error.instance());
    match error.instance_path().as_str() {
        "" => error.masked_with(found).to_string(),
        pointer => format!("at {pointer}: {}", error.masked_with(found)),
    }
}
