//! A comparison with its operand, ready to be asked of values. Building is in `build`; where values come from is in
//! `source`.

use std::{cmp::Ordering, sync::Arc};

use jsonschema::Validator;
use regex::Regex;
use serde_json::Value;

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
    pub(super) fn holds(&self, actual: Result<&Value, &str>) -> Verdict {
        match (self, actual) {
            (Self::Exists(false) | Self::IsNull(true), Err(_)) => Ok(()),
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

    fn holds_of(&self, actual: &Value) -> Verdict {
        match self {
            Self::Equals(expected) => value::difference(expected, actual).map_or(Ok(()), Err),
            Self::Order(relation, bound) => in_order(*relation, bound, actual),
            Self::Between(low, high) => in_order(Relation::AtLeast, low, actual)
                .and_then(|()| in_order(Relation::AtMost, high, actual)),
            Self::In(list) => {
                expect(list.iter().any(|one| value::same(one, actual)), actual, || listed(list))
            }
            Self::Contains(part) => contains(part, actual),
            Self::StartsWith(start) => {
                expect(text("starts_with", actual)?.starts_with(start.as_str()), actual, || {
                    format!("a text that starts with {}", value::quoted(start))
                })
            }
            Self::EndsWith(end) => expect(text("ends_with", actual)?.ends_with(end.as_str()), actual, || {
                format!("a text that ends with {}", value::quoted(end))
            }),
            Self::Matches(regex) => expect(regex.is_match(text("matches", actual)?), actual, || {
                format!("a text that matches `{regex}`")
            }),
            Self::Exists(wanted) => expect(*wanted, actual, || "nothing".to_owned()),
            Self::IsNull(wanted) => expect(actual.is_null() == *wanted, actual, || {
                if *wanted { "null" } else { "anything but null" }.to_owned()
            }),
            Self::IsEmpty(wanted) => expect((length(actual)? == 0) == *wanted, actual, || {
                if *wanted { "nothing in it" } else { "something in it" }.to_owned()
            }),
            Self::Type(types) => expect(types.iter().any(|one| one.fits(actual)), actual, || {
                let names: Vec<_> = types.iter().map(|one| one.as_str()).collect();
                format!("the type {}", names.join(" or "))
            }),
            Self::Schema(schema) => schema::validate(schema, actual),
            Self::Length(inner) => {
                let length = Value::from(length(actual)?);
                all_hold(inner, &length).map_err(|why| format!("its length: {why}"))
            }
            Self::All(inner) => every_item(inner, items("all", actual)?),
            Self::Any(inner) => some_item(inner, items("any", actual)?),
            Self::None(inner) => no_item(inner, items("none", actual)?),
            Self::Not(inner) => expect(inner.holds_of(actual).is_err(), actual, || inner.negated()),
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

/// `Err` says why not, in one sentence.
type Verdict = Result<(), String>;

/// Whether all of them hold.
fn all_hold(predicates: &[Predicate], actual: &Value) -> Verdict {
    predicates.iter().try_for_each(|predicate| predicate.holds_of(actual))
}

/// An empty array has no item of which they do not.
fn every_item(predicates: &[Predicate], items: &[Value]) -> Verdict {
    items.iter().enumerate().try_for_each(|(index, item)| {
        all_hold(predicates, item).map_err(|why| format!("item {index}: {why}"))
    })
}

fn some_item(predicates: &[Predicate], items: &[Value]) -> Verdict {
    let found = items.iter().any(|item| all_hold(predicates, item).is_ok());
    if found { Ok(()) } else { Err(format!("none of {} items is as expected", items.len())) }
}

fn no_item(predicates: &[Predicate], items: &[Value]) -> Verdict {
    let found = items.iter().position(|item| all_hold(predicates, item).is_ok());
    found.map_or(Ok(()), |index| Err(format!("item {index} is what no item should be")))
}

fn expect(holds: bool, actual: &Value, expected: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(format!("expected {}, found {}", expected(), value::shown(actual))) }
}

/// Numbers have an order; nothing else has one here, because `"9"` after `"10"` is never what was meant.
fn in_order(relation: Relation, bound: &Value, actual: &Value) -> Verdict {
    let (Value::Number(limit), words) = (bound, relation.words()) else {
        let (actual, bound) = (value::shown(actual), value::shown(bound));
        return Err(format!("only numbers have an order: cannot compare {actual} with {bound}"));
    };
    match actual {
        Value::Number(actual) if relation.holds(value::order(actual, limit)) => Ok(()),
        Value::Number(actual) => Err(format!("expected a number {words} {limit}, found {actual}")),
        _ => Err(format!("expected a number {words} {limit}, found {}", value::shown(actual))),
    }
}

fn contains(part: &Value, actual: &Value) -> Verdict {
    let holds = match (actual, part) {
        (Value::String(actual), Value::String(part)) => actual.contains(part.as_str()),
        (Value::Array(items), part) => items.iter().any(|item| value::same(item, part)),
        (Value::Object(members), Value::String(key)) => members.contains_key(key),
        (Value::String(_), _) => {
            return Err(format!("a text contains only texts, not {}", value::shown(part)));
        }
        (Value::Object(_), _) => {
            return Err(format!("an object contains only keys, not {}", value::shown(part)));
        }
        _ => false,
    };
    expect(holds, actual, || format!("something that contains {}", value::shown(part)))
}

fn text<'v>(comparison: &str, actual: &'v Value) -> Result<&'v str, String> {
    actual.as_str().ok_or_else(|| format!("`{comparison}` looks at texts, found {}", value::shown(actual)))
}

fn items<'v>(comparison: &str, actual: &'v Value) -> Result<&'v [Value], String> {
    actual
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| format!("`{comparison}` looks at arrays, found {}", value::shown(actual)))
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

/// A few values with `or` between them.
fn listed(list: &[Value]) -> String {
    const FEW: usize = 5;
    match list {
        [] => "one of an empty list".to_owned(),
        list if list.len() <= FEW => list.iter().map(value::shown).collect::<Vec<_>>().join(" or "),
        list => format!("one of {} values", list.len()),
    }
}
