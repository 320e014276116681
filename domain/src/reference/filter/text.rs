//! Values as text, and what is done to text.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

use super::super::{NoValue, missing::kind};

/// As a template shows it: strings as they are, anything else as compact JSON.
pub(in super::super) fn of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// As text, for filters to which an array's JSON would make no sense.
pub(super) fn scalar<'v>(filter: &str, value: &'v Value) -> Result<Cow<'v, str>, NoValue> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(of(value)),
        _ => Err(unfit(filter, value)),
    }
}

/// The filter does not take such a value.
pub(super) fn unfit(filter: &str, value: &Value) -> NoValue {
    NoValue::invalid(format!("`{filter}` cannot take {}", kind(value)))
}

/// A compiled regular expression that compares by its text. Linear time, so a pattern cannot hang a run.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        Regex::new(pattern).map(Self).map_err(|error| {
            // The last line is the reason; those before it draw the pattern.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the pattern is not a regular expression: {reason}")
        })
    }

    /// The text of the pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The first group of the first match, or the whole match when the pattern has no group.
    pub(super) fn find(&self, text: &str) -> Result<String, NoValue> {
        let nothing = || NoValue::missing("`regex` matches nothing in it");
        let groups = self.0.captures(text).ok_or_else(nothing)?;
        let wanted = usize::from(groups.len() > 1);
        groups.get(wanted).map(|found| found.as_str().to_owned()).ok_or_else(nothing)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
