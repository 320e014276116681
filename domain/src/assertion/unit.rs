//! What a source is measured in, so that `2s` and `64KiB` can stand for numbers of it.

use serde_json::Value;

use super::value;
use crate::document::{ByteSize, Span};

/// What the numbers of a source count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing in particular.
    None,
    /// Lengths of time: `2s` is 2000.
    Milliseconds,
    /// Sizes: `1KiB` is 1024.
    Bytes,
}

impl Unit {
    /// An operand as a number of this unit; other operands as they are.
    pub(super) fn read(self, operand: &Value) -> Result<Value, String> {
        match (self, operand) {
            (Self::None, _) | (_, Value::Number(_)) => Ok(operand.clone()),
            (Self::Milliseconds, Value::String(text)) => match text.parse::<Span>() {
                Ok(span) => Ok(Value::from(u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX))),
                Err(error) => Err(error.to_string()),
            },
            (Self::Bytes, Value::String(text)) => {
                text.parse::<ByteSize>().map(|size| Value::from(size.0)).map_err(|error| error.to_string())
            }
            (Self::Milliseconds, other) => {
                Err(format!("expected a duration as in `2s`, found {}", value::shown(other)))
            }
            (Self::Bytes, other) => {
                Err(format!("expected a size as in `64KiB`, found {}", value::shown(other)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_and_sizes_become_numbers_of_their_unit() {
        assert_eq!(Unit::Milliseconds.read(&json!("2s")), Ok(json!(2000)));
        assert_eq!(Unit::Milliseconds.read(&json!(1.5)), Ok(json!(1.5)));
        assert_eq!(Unit::Bytes.read(&json!("2KiB")), Ok(json!(2048)));
        assert_eq!(Unit::None.read(&json!("2s")), Ok(json!("2s")));
    }

    #[test]
    fn what_is_not_of_the_unit_is_refused() {
        assert!(Unit::Milliseconds.read(&json!("2KiB")).unwrap_err().contains("not a duration"));
        assert!(Unit::Bytes.read(&json!("2s")).unwrap_err().contains("not a size"));
        assert!(Unit::Bytes.read(&json!(true)).unwrap_err().contains("found true"));
    }
}
