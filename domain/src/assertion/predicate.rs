//! A comparison with its operand, ready to be asked of values. Building is in `build`; where values come from is in
//! `source`.

use std::{cmp::Ordering, sync::Arc};

use jsonschema::Validator;
use regex::Regex;
use serde_json::{Number, Value};

use super::{json_type::JsonType, schema, value};

/// Something that holds of a value or does not.
#[derive(Debug, Clone)]
pub(super) enum Predicate {
    Equals(Value),
    Order(Relation, Value),
    Between(Value, Value),
    In(Vec<Value>),
    Contains(Value),
    StartsWith(String),
    EndsWith(String),
    Matches(Regex),
    Exists(bool),
    IsNull(bool),
    IsEmpty(bool),
    Type(Vec<JsonType>),
    Schema(Arc<Validator>),
    Length(Vec<Predicate>),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    None(Vec<Predicate>),
    Not(Box<Predicate>),
}

/// Where one number stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Relation {
    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Above => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
            Self::Below => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::AtLeast => "of at least",
            Self::Below => "below",
            Self::AtMost => "of at most",
        }
    }
}

impl Predicate {
    /// Whether it holds, and if not, why, in one sentence. `Err` in `actual` is what was there instead of a value.
    pub(super) fn holds(&self, actual: Result<&Value, &str>) -> Result<(), String> {
        match (self, actual) {
            (Self::Exists(true), Ok(_)) | (Self::Exists(false) | Self::IsNull(true), Err(_)) => Ok(()),
            (Self::Exists(_), Ok(actual)) => Err(format!("expected nothing, found {}", value::shown(actual))),
            (_, Ok(actual)) => self.holds_of(actual),
            (_, Err(missing)) => Err(missing.to_owned()),
        }
    }

    /// Whether it asks about the characters of a text.
    pub(super) fn is_about_text(&self) -> bool {
        match self {
            Self::StartsWith(_) | Self::EndsWith(_) | Self::Matches(_) | Self::Contains(Value::String(_)) => {
                true
            }
            Self::Not(inner) => inner.is_about_text(),
            _ => false,
        }
    }

    fn holds_of(&self, actual: &Value) -> Result<(), String> {
        match self {
            Self::Equals(expected) => value::difference(expected, actual).map_or(Ok(()), Err),
            Self::Order(relation, bound) => in_order(*relation, bound, actual),
            Self::Between(low, high) => in_order(Relation::AtLeast, low, actual)
                .and_then(|()| in_order(Relation::AtMost, high, actual)),
            Self::In(list) => ensure(list.iter().any(|one| value::same(one, actual)), || {
                format!("expected {}, found {}", listed(list), value::shown(actual))
            }),
            Self::Contains(part) => contains(part, actual),
            Self::StartsWith(start) => {
                let holds = text("starts_with", actual)?.starts_with(start.as_str());
                ensure(holds, || expected_text("starts with", &value::quoted(start), actual))
            }
            Self::EndsWith(end) => {
                let holds = text("ends_with", actual)?.ends_with(end.as_str());
                ensure(holds, || expected_text("ends with", &value::quoted(end), actual))
            }
            Self::Matches(regex) => {
                let holds = regex.is_match(text("matches", actual)?);
                ensure(holds, || expected_text("matches", &format!("`{regex}`"), actual))
            }
            // An absent value was answered before; these see one that is there.
            Self::Exists(wanted) => ensure(*wanted, || "expected nothing".to_owned()),
            Self::IsNull(wanted) => ensure(actual.is_null() == *wanted, || {
                let expected = if *wanted { "null" } else { "anything but null" };
                format!("expected {expected}, found {}", value::shown(actual))
            }),
            Self::IsEmpty(wanted) => ensure((length(actual)? == 0) == *wanted, || {
                let expected = if *wanted { "nothing in it" } else { "something in it" };
                format!("expected {expected}, found {}", value::shown(actual))
            }),
            Self::Type(types) => ensure(types.iter().any(|one| one.fits(actual)), || {
                let names: Vec<_> = types.iter().map(|one| one.as_str()).collect();
                format!("expected the type {}, found {}", names.join(" or "), value::shown(actual))
            }),
            Self::Schema(schema) => schema::validate(schema, actual),
            Self::Length(inner) => {
                let length = Value::from(length(actual)?);
                all_hold(inner, &length).map_err(|why| format!("its length: {why}"))
            }
            Self::All(inner) => items("all", actual)?.iter().enumerate().try_for_each(|(index, item)| {
                all_hold(inner, item).map_err(|why| format!("item {index}: {why}"))
            }),
            Self::Any(inner) => {
                let items = items("any", actual)?;
                ensure(items.iter().any(|item| all_hold(inner, item).is_ok()), || {
                    format!("none of {} items is as expected", items.len())
                })
            }
            Self::None(inner) => {
                let found = items("none", actual)?.iter().position(|item| all_hold(inner, item).is_ok());
                found.map_or(Ok(()), |index| Err(format!("item {index} is what no item should be")))
            }
            Self::Not(inner) => ensure(inner.holds_of(actual).is_err(), || {
                format!("expected {}, found {}", inner.negated(), value::shown(actual))
            }),
        }
    }

    /// What is expected when this must not hold.
    fn negated(&self) -> String {
        match self {
            Self::Equals(value) => format!("anything but {}", value::shown(value)),
            Self::In(list) => format!("neither {}", listed(list)),
            Self::Contains(part) => format!("nothing that contains {}", value::shown(part)),
            Self::Matches(regex) => format!("no match of `{regex}`"),
            _ => "the opposite".to_owned(),
        }
    }
}

/// Whether all of them hold.
fn all_hold(predicates: &[Predicate], actual: &Value) -> Result<(), String> {
    predicates.iter().try_for_each(|predicate| predicate.holds(Ok(actual)))
}

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// Numbers have an order; nothing else has one here, because `"9"` after `"10"` is never what was meant.
fn in_order(relation: Relation, bound: &Value, actual: &Value) -> Result<(), String> {
    let expected = |bound: &Number| format!("expected a number {} {bound}", relation.words());
    match (bound, actual) {
        (Value::Number(bound), Value::Number(actual)) => {
            ensure(relation.holds(value::order(actual, bound)), || {
                format!("{}, found {actual}", expected(bound))
            })
        }
        (Value::Number(bound), _) => Err(format!("{}, found {}", expected(bound), value::shown(actual))),
        (bound, actual) => Err(format!(
            "only numbers have an order: cannot compare {} with {}",
            value::shown(actual),
            value::shown(bound)
        )),
    }
}

fn contains(part: &Value, actual: &Value) -> Result<(), String> {
    let missing =
        || format!("expected something that contains {}, found {}", value::shown(part), value::shown(actual));
    match (actual, part) {
        (Value::String(actual), Value::String(part)) => ensure(actual.contains(part.as_str()), missing),
        (Value::Array(items), part) => ensure(items.iter().any(|item| value::same(item, part)), missing),
        (Value::Object(members), Value::String(key)) => ensure(members.contains_key(key), missing),
        (Value::String(_), _) => Err(format!("a text contains only texts: {}", missing())),
        (Value::Object(_), _) => Err(format!("an object contains only keys: {}", missing())),
        _ => Err(missing()),
    }
}

fn text<'v>(comparison: &str, actual: &'v Value) -> Result<&'v str, String> {
    actual.as_str().ok_or_else(|| format!("`{comparison}` looks at texts, found {}", value::shown(actual)))
}

fn items<'v>(comparison: &str, actual: &'v Value) -> Result<&'v Vec<Value>, String> {
    actual.as_array().ok_or_else(|| format!("`{comparison}` looks at arrays, found {}", value::shown(actual)))
}

/// Characters, items or members.
fn length(actual: &Value) -> Result<usize, String> {
    match actual {
        Value::String(text) => Ok(text.chars().count()),
        Value::Array(items) => Ok(items.len()),
        Value::Object(members) => Ok(members.len()),
        _ => Err(format!("only texts, arrays and objects have a length, found {}", value::shown(actual))),
    }
}

fn expected_text(verb: &str, what: &str, actual: &Value) -> String {
    format!("expected a text that {verb} {what}, found {}", value::shown(actual))
}

/// A few values with `or` between them.
fn listed(list: &[Value]) -> String {
    const FEW: usize = 5;
    match list {
        [] => "one of an empty list".to_owned(),
        list if list.len() <= FEW => list.iter().map(value::shown).collect::<Vec<_>>().join(" or "),
        list => format!("one of {} values", list.len()),
    }
}
