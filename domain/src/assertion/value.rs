//! JSON values side by side: exact equality and order, and how they are named in messages.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::problem::pointer_token;

/// The longest text that a message shows, in characters.
const SHOWN: usize = 80;

/// Which of two numbers is greater, exactly: no integer is rounded to a float to be compared.
pub(super) fn order(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => order_mixed(left, float(right)),
        (None, Some(right)) => order_mixed(right, float(left)).reverse(),
        (None, None) => {
            float(left).partial_cmp(&float(right)).expect("a JSON number is neither infinite nor NaN")
        }
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn float(number: &Number) -> f64 {
    number.as_f64().expect("without arbitrary precision every JSON number is an i64, a u64 or an f64")
}

/// An integer against a float. The float is cut to its whole part, which an `i128` holds exactly or saturates to
/// something beyond every 64-bit integer; its fraction decides between equals.
fn order_mixed(left: i128, right: f64) -> Ordering {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which keeps the order")]
    let whole = right.trunc() as i128;
    left.cmp(&whole).then_with(|| 0.0_f64.partial_cmp(&right.fract()).unwrap_or(Ordering::Equal))
}

/// Whether two JSON values are the same; the order of members is nothing.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => order(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

/// The first place where two values differ, as a sentence; `None` when they are the same.
pub(super) fn difference(expected: &Value, actual: &Value) -> Option<String> {
    differ_at(String::new(), expected, actual)
}

fn differ_at(pointer: String, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(found)) => {
            let member = |key: &str| format!("{pointer}/{}", pointer_token(key));
            wanted
                .iter()
                .find_map(|(key, wanted)| match found.get(key) {
                    Some(found) => differ_at(member(key), wanted, found),
                    None => Some(format!("expected {} at {}, found nothing", shown(wanted), member(key))),
                })
                .or_else(|| {
                    let (key, found) = found.iter().find(|(key, _)| !wanted.contains_key(*key))?;
                    Some(format!("expected nothing at {}, found {}", member(key), shown(found)))
                })
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => wanted
            .iter()
            .zip(found)
            .enumerate()
            .find_map(|(index, (wanted, found))| differ_at(format!("{pointer}/{index}"), wanted, found)),
        (Value::Array(wanted), Value::Array(found)) => {
            let place = at(&pointer);
            Some(format!("expected {}{place}, found {}", items(wanted.len()), found.len()))
        }
        _ if same(expected, actual) => None,
        _ => {
            let (wanted, found) = pair(expected, actual);
            Some(format!("expected {wanted}{}, found {found}", at(&pointer)))
        }
    }
}

/// Two values for one sentence: their types are named where that is the difference.
fn pair(left: &Value, right: &Value) -> (String, String) {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => (left.to_string(), right.to_string()),
        (Value::String(left), Value::String(right)) => (quoted(left), quoted(right)),
        _ => (shown(left), shown(right)),
    }
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at {pointer}") }
}

fn items(count: usize) -> String {
    format!("{count} item{}", if count == 1 { "" } else { "s" })
}

/// A value with its type, for people: `the number 1`, `the text "1"`, `an array of 3 items`.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => format!("the number {value}"),
        Value::String(text) if text.chars().count() > SHOWN => format!("a text of {}", quoted(text)),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(values) => format!("an array of {}", items(values.len())),
        Value::Object(members) => match members.keys().next() {
            None => "an empty object".to_owned(),
            Some(_) => format!("an object with {}", keys(members.keys())),
        },
    }
}

/// A text in quotes, or its length: a part of it could be a part of a secret, which masking would not know.
pub(super) fn quoted(text: &str) -> String {
    match text.chars().count() {
        count if count > SHOWN => format!("{count} characters"),
        // As JSON, which is a spelling in which masking knows secrets.
        _ => Value::from(text).to_string(),
    }
}

/// Some names in back quotes.
fn keys<'k>(keys: impl ExactSizeIterator<Item = &'k String>) -> String {
    const FEW: usize = 8;
    let count = keys.len();
    let few: Vec<_> = keys.take(FEW).map(|key| format!("`{key}`")).collect();
    let rest = if count > FEW { format!(" and {} more", count - FEW) } else { String::new() };
    format!("{}{rest}", few.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_compare_exactly_whatever_their_representation() {
        for (left, right, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("0", "-0.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("9007199254740992", "9007199254740992.0", Ordering::Equal),
            ("18446744073709551615", "-1", Ordering::Greater),
            ("18446744073709551615", "18446744073709551616", Ordering::Less),
            ("18446744073709551615", "9223372036854775807", Ordering::Greater),
            ("-9223372036854775807", "-9223372036854775809", Ordering::Greater),
            ("1", "1.5", Ordering::Less),
            ("-1", "-1.5", Ordering::Greater),
            ("-1", "-0.5", Ordering::Less),
            ("0", "-0.5", Ordering::Greater),
            ("0", "1e-300", Ordering::Less),
            ("1", "1e300", Ordering::Less),
            ("1", "-1e300", Ordering::Greater),
            ("0.1", "0.2", Ordering::Less),
        ] {
            assert_eq!(order(&number(left), &number(right)), expected, "{left} against {right}");
            assert_eq!(order(&number(right), &number(left)), expected.reverse(), "{right} against {left}");
        }
    }

    #[test]
    fn floating_sums_are_not_rounded_into_equality() {
        assert!(!same(&json!(0.1 + 0.2), &json!(0.3)));
    }

    #[test]
    fn the_order_of_members_is_nothing_and_that_of_items_is_something() {
        assert!(same(&json!({ "a": 1, "b": [2.0] }), &json!({ "b": [2], "a": 1.0 })));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
        assert!(!same(&json!({ "a": 1 }), &json!({ "a": 1, "b": 2 })));
    }

    #[test]
    fn a_difference_names_its_place() {
        for (expected, actual, sentence) in [
            (json!(1), json!("1"), "expected the number 1, found the text \"1\""),
            (json!(null), json!(false), "expected null, found false"),
            (
                json!({ "a": [1] }),
                json!({ "a": ["1"] }),
                "expected the number 1 at /a/0, found the text \"1\"",
            ),
            (json!({ "a/b": 1 }), json!({}), "expected the number 1 at /a~1b, found nothing"),
            (json!({}), json!({ "a": true }), "expected nothing at /a, found true"),
            (json!({ "a": [1] }), json!({ "a": [1, 2] }), "expected 1 item at /a, found 2"),
            (json!([]), json!({ "x": 1 }), "expected an array of 0 items, found an object with `x`"),
        ] {
            assert_eq!(difference(&expected, &actual).as_deref(), Some(sentence));
        }
        assert_eq!(difference(&json!({ "a": [1.0, null] }), &json!({ "a": [1, null] })), None);
    }

    #[test]
    fn a_long_text_is_not_shown_in_part() {
        assert_eq!(shown(&json!("é".repeat(81))), "a text of 81 characters");
        assert_eq!(shown(&json!("é".repeat(80))), format!("the text \"{}\"", "é".repeat(80)));
    }
}
