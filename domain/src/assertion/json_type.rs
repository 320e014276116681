//! The words of the `type` comparison.

use serde_json::Value;

use crate::outcome::words;

words! {
    /// A JSON type, as JSON Schema names them.
    JsonType {
        /// A text.
        String = "string",
        /// Any number.
        Number = "number",
        /// A number without a fraction; `1.0` is one.
        Integer = "integer",
        /// True or false.
        Boolean = "boolean",
        /// Null.
        Null = "null",
        /// Members.
        Object = "object",
        /// Items.
        Array = "array",
    }
}

impl JsonType {
    /// The narrowest type of a value.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => Self::String,
            Value::Number(_) if Self::Integer.fits(value) => Self::Integer,
            Value::Number(_) => Self::Number,
            Value::Bool(_) => Self::Boolean,
            Value::Null => Self::Null,
            Value::Object(_) => Self::Object,
            Value::Array(_) => Self::Array,
        }
    }

    /// Whether a value is of this type.
    pub(super) fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|float| float.fract() == 0.0)
            }
            Self::Boolean => value.is_boolean(),
            Self::Null => value.is_null(),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_has_one_type_and_whole_numbers_have_two() {
        for (value, types) in [
            (json!("1"), vec![JsonType::String]),
            (json!(1.5), vec![JsonType::Number]),
            (json!(1.0), vec![JsonType::Number, JsonType::Integer]),
            (json!(u64::MAX), vec![JsonType::Number, JsonType::Integer]),
            (json!(false), vec![JsonType::Boolean]),
            (json!(null), vec![JsonType::Null]),
            (json!({}), vec![JsonType::Object]),
            (json!([]), vec![JsonType::Array]),
        ] {
            let fitting: Vec<_> = JsonType::ALL.iter().copied().filter(|one| one.fits(&value)).collect();
            assert_eq!(fitting, types, "{value}");
        }
    }
}
