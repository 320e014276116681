//! How much of a value is kept in a result: all of it, or the beginning of its JSON text.

use serde_json::Value;

/// JSON text of a value that is kept, in bytes.
const LIMIT: usize = 4 * 1024;
/// Ends what was cut.
pub(crate) const CUT: &str = "… (truncated)";

/// The value itself, or, where its JSON text is long, a text with the beginning of it and a mark.
pub(super) fn kept(value: &Value) -> Value {
    let Some(text) = beginning(value) else { return value.clone() };
    let end = text.floor_char_boundary(LIMIT);
    Value::String(format!("{}{CUT}", &text[..end]))
}

/// The beginning of a value's JSON text (of a text: of the text itself), `None` when it is short enough to be kept.
fn beginning(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
        Value::String(text) => {
            return (text.len() > LIMIT).then(|| text[..text.floor_char_boundary(LIMIT)].to_owned());
        }
        Value::Array(_) | Value::Object(_) => {}
    }
    let mut written = Limited(Vec::new());
    match serde_json::to_writer(&mut written, value) {
        Ok(()) => None,
        Err(_) => Some(String::from_utf8_lossy(&written.0).into_owned()),
    }
}

/// Takes a little more than is kept, then refuses, so that a large body is not written out to be cut.
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(&bytes[..bytes.len().min(LIMIT + 4 - self.0.len().min(LIMIT + 4))]);
        if self.0.len() > LIMIT { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_short_value_is_kept_as_it_is() {
        for value in [json!({ "a": [1, null] }), json!("x".repeat(LIMIT)), json!(["x".repeat(LIMIT - 4)])] {
            assert_eq!(kept(&value), value);
        }
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        assert_eq!(kept(&json!("x".repeat(LIMIT + 1))), json!(format!("{}{CUT}", "x".repeat(LIMIT))));
        let text = kept(&json!(["x".repeat(LIMIT - 3)]));
        assert_eq!(text, json!(format!("[\"{}\"{CUT}", "x".repeat(LIMIT - 3))));
    }

    #[test]
    fn the_cut_is_between_characters() {
        for shift in 0..4 {
            let long = format!("{}{}", "x".repeat(shift), "😀".repeat(LIMIT));
            for value in [json!(long), json!([long])] {
                let text = kept(&value);
                let text = text.as_str().unwrap().strip_suffix(CUT).unwrap();
                assert!(
                    text.len() <= LIMIT && text.len() > LIMIT - 4 && text.ends_with('😀'),
                    "{}",
                    text.len()
                );
            }
        }
    }
}
