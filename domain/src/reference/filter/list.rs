//! What is done to arrays, and what makes one.

use serde_json::Value;

use super::{
    super::NoValue,
    text::{of, scalar, unfit},
};

pub(super) fn length(value: &Value) -> Result<Value, NoValue> {
    match value {
        Value::String(text) => Ok(text.chars().count().into()),
        Value::Array(items) => Ok(items.len().into()),
        Value::Object(object) => Ok(object.len().into()),
        other => Err(unfit("length", other)),
    }
}

/// The first or last item.
pub(super) fn end(
    filter: &str,
    value: &Value,
    take: impl Fn(&[Value]) -> Option<&Value>,
) -> Result<Value, NoValue> {
    let Value::Array(items) = value else { return Err(unfit(filter, value)) };
    take(items).cloned().ok_or_else(|| NoValue::missing(format!("an empty array has no {filter} item")))
}

pub(super) fn split(value: &Value, separator: &str) -> Result<Value, NoValue> {
    if separator.is_empty() {
        return Err(NoValue::invalid("`split` cannot look for an empty text"));
    }
    Ok(scalar("split", value)?.split(separator).collect())
}

pub(super) fn join(value: &Value, separator: &str) -> Result<Value, NoValue> {
    let Value::Array(items) = value else { return Err(unfit("join", value)) };
    Ok(items.iter().map(of).collect::<Vec<_>>().join(separator).into())
}
