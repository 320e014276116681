//! The assertion object of the original Skopos: `{ property, comparison, expected }`, where what is expected is a text
//! that is read as whatever was found. Its eight comparisons mean what they say here; in the original three of them
//! never did.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Map, Number, Value};

use super::{build::all_under, kept::kept, rule::template, source::Source, value};
use crate::{
    answer::Answer,
    outcome::words,
    problem::{Problem, nearest, pointer_token},
    reference::{JsonTemplate, Reference, Scope, Unresolved},
    result::{AssertionOutcome, AssertionResult},
};

words! {
    /// What the original can ask.
    OriginalComparison {
        /// The same, an expected text read as the type of what was found.
        IsEqualTo = "is equal to",
        /// There, and not the same.
        IsNotEqualTo = "is not equal to",
        /// A greater number.
        IsGreaterThan = "is greater than",
        /// A smaller number.
        IsLessThan = "is less than",
        /// JSON null, or not there.
        IsNull = "is null",
        /// There, and not JSON null.
        IsNotNull = "is not null",
        /// A text with this part, an array with this item, an object with this key.
        Includes = "includes",
        /// There, and without it.
        DoesNotInclude = "does not include",
    }
}

/// One assertion of the original, compiled.
#[derive(Debug, Clone)]
pub(super) struct Original {
    property: String,
    source: Source,
    comparison: OriginalComparison,
    expected: JsonTemplate,
}

const KEYS: [&str; 3] = ["property", "comparison", "expected"];

impl Original {
    /// Whether a check is such an object. None of its keys is a source, so there is no doubt.
    pub(super) fn is_meant(members: &Map<String, Value>) -> bool {
        members.contains_key("property") || members.contains_key("comparison")
    }

    pub(super) fn compile(members: &Map<String, Value>) -> Result<Self, Vec<Problem>> {
        let mut problems: Vec<_> = members.keys().filter_map(|key| unknown_key(key)).collect();
        let text = |key: &str| match members.get(key) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(Problem::error(format!("/{key}"), format!("`{key}` is a text"))),
            None => Err(Problem::error("", format!("`{key}` is missing"))),
        };
        let property = text("property");
        let source = property
            .clone()
            .and_then(|text| Source::property(text).map_err(|problem| problem.under("/property")));
        let comparison = text("comparison").and_then(comparison);
        if let (Ok(comparison), None) = (&comparison, members.get("expected"))
            && comparison.takes_expected()
        {
            problems.push(Problem::error("", format!("`{comparison}` needs `expected`")));
        }
        let expected = template(members.get("expected").unwrap_or(&Value::Null));
        match (property, source, comparison, expected) {
            (Ok(property), Ok(source), Ok(comparison), Ok(expected)) if problems.is_empty() => {
                Ok(Self { property: property.to_owned(), source, comparison, expected })
            }
            (_, source, comparison, expected) => {
                problems.extend(source.err());
                problems.extend(comparison.err());
                problems.extend(all_under("/expected", expected.err().unwrap_or_default()));
                Err(problems)
            }
        }
    }

    pub(super) fn references(&self) -> impl Iterator<Item = (String, &Reference)> {
        let references = self.expected.references().into_iter();
        references.map(|(pointer, reference)| (format!("/expected{pointer}"), reference))
    }

    pub(super) fn evaluate(&self, answer: &Answer, scope: &dyn Scope) -> Result<AssertionResult, Unresolved> {
        let expected = self.expected.render(scope)?;
        let reading = self.source.read(answer);
        let actual = reading.as_ref().map(Cow::as_ref).map_err(String::as_str);
        let message = self.comparison.holds(actual, &expected).err();
        Ok(AssertionResult {
            source: self.property.clone(),
            comparison: self.comparison.to_string().into(),
            expected,
            actual: actual.ok().map(kept),
            outcome: if message.is_none() { AssertionOutcome::Passed } else { AssertionOutcome::Failed },
            message,
        })
    }
}

fn unknown_key(key: &str) -> Option<Problem> {
    if KEYS.contains(&key) {
        return None;
    }
    let problem =
        Problem::error(format!("/{}", pointer_token(key)), format!("there is no `{key}` beside `property`"));
    Some(match nearest(key, KEYS) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem.help("the object has `property`, `comparison` and `expected`"),
    })
}

fn comparison(name: &str) -> Result<OriginalComparison, Problem> {
    name.parse().map_err(|_| {
        let known = OriginalComparison::ALL.iter().map(|comparison| comparison.as_str());
        let problem = Problem::error("/comparison", format!("there is no comparison `{name}`"));
        match nearest(name, known.clone()) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem
                .help(format!("comparisons beside `property` are: {}", known.collect::<Vec<_>>().join(", "))),
        }
    })
}

impl OriginalComparison {
    const fn takes_expected(self) -> bool {
        !matches!(self, Self::IsNull | Self::IsNotNull)
    }

    /// Whether it holds, and if not, why.
    fn holds(self, actual: Result<&Value, &str>, expected: &Value) -> Result<(), String> {
        let actual = match (self, actual) {
            (Self::IsNull, Err(_)) => return Ok(()),
            (_, Err(missing)) => return Err(missing.to_owned()),
            (_, Ok(actual)) => actual,
        };
        let holds = match self {
            Self::IsEqualTo => equal(actual, expected),
            Self::IsNotEqualTo => !equal(actual, expected),
            Self::IsGreaterThan => order(actual, expected)?.is_gt(),
            Self::IsLessThan => order(actual, expected)?.is_lt(),
            Self::IsNull => actual.is_null(),
            Self::IsNotNull => !actual.is_null(),
            Self::Includes => includes(actual, expected),
            Self::DoesNotInclude => !includes(actual, expected),
        };
        if holds { Ok(()) } else { Err(self.sentence(actual, expected)) }
    }

    fn sentence(self, actual: &Value, expected: &Value) -> String {
        let actual = value::shown(actual);
        if self.takes_expected() {
            format!("expected a value that {self} {}, found {actual}", value::shown(expected))
        } else {
            format!("expected a value that {self}, found {actual}")
        }
    }
}

/// An expected text is read as the type of what was found; everything else compares by JSON type.
fn equal(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::String(_), _) => value::same(actual, expected),
        (Value::Number(actual), Value::String(text)) => {
            number(text).is_some_and(|expected| value::order(actual, &expected).is_eq())
        }
        (_, Value::String(text)) => {
            serde_json::from_str(text).is_ok_and(|expected| value::same(actual, &expected))
        }
        _ => value::same(actual, expected),
    }
}

/// Numbers, and texts that are numbers (headers always are texts). Other texts have no order.
fn order(actual: &Value, expected: &Value) -> Result<Ordering, String> {
    let as_number = |value: &Value| match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => number(text),
        _ => None,
    };
    match (as_number(actual), as_number(expected)) {
        (Some(actual), Some(expected)) => Ok(value::order(&actual, &expected)),
        _ => Err(format!(
            "only numbers have an order: cannot compare {} with {}",
            value::shown(actual),
            value::shown(expected)
        )),
    }
}

/// A number inside an array is found by its text, as everywhere here; a lone number or boolean is its digits or word.
fn includes(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Array(items), expected) => items.iter().any(|item| equal(item, expected)),
        (Value::Object(members), Value::String(key)) => members.contains_key(key),
        (Value::Null | Value::Object(_), _) => false,
        (actual, expected) => plain(actual).contains(&plain(expected)),
    }
}

/// A text without its quotes, anything else as JSON writes it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text as a number; the empty one is none.
fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    serde_json::from_str(text).ok().or_else(|| text.parse().ok().and_then(Number::from_f64))
}
