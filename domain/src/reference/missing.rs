//! What is said when a path leads nowhere: how far it led and what was there, never a value.

use std::fmt;

use serde_json::Value;

use super::path::{Path, Segment};
use crate::problem::nearest;

/// Keys that are named in a message; the rest is counted.
const SHOWN_KEYS: usize = 10;
/// Characters of a key that are shown.
const SHOWN_KEY_CHARS: usize = 60;

/// A path that led nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The part of the path that leads somewhere; empty when not even the first segment does.
    pub reached: Path,
    /// The segment that leads no further.
    pub wanted: Segment,
    /// What is at `reached`.
    pub there: There,
}

/// What was found where a path ended too early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum There {
    /// An object.
    Keys {
        /// Its keys: the first of them, shortened.
        names: Vec<String>,
        /// How many more it has.
        more: usize,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// An array, and its length.
    Items(usize),
    /// Something that has no parts: `null`, `text`, …
    Leaf(&'static str),
}

impl There {
    pub(super) fn of(value: &Value, wanted: &Segment) -> Self {
        match value {
            Value::Object(object) => {
                let wanted = wanted.name();
                let nearest = wanted.and_then(|wanted| nearest(wanted, object.keys().map(String::as_str)));
                Self::Keys {
                    names: object.keys().take(SHOWN_KEYS).map(|key| shorten(key)).collect(),
                    more: object.len().saturating_sub(SHOWN_KEYS),
                    nearest: nearest.map(shorten),
                }
            }
            Value::Array(items) => Self::Items(items.len()),
            leaf => Self::Leaf(kind(leaf)),
        }
    }
}

/// What a value is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn shorten(key: &str) -> String {
    match key.char_indices().nth(SHOWN_KEY_CHARS) {
        Some((end, _)) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = Path::from(vec![self.wanted.clone()]);
        let place = if self.reached.is_empty() { "it".to_owned() } else { format!("`{}`", self.reached) };
        match &self.there {
            There::Keys { names, .. } if names.is_empty() => write!(f, "{place} is an object without keys"),
            There::Keys { names, more, nearest } => {
                write!(f, "{place} has no `{wanted}`, only `{}`", names.join("`, `"))?;
                if *more > 0 {
                    write!(f, " and {more} more")?;
                }
                nearest.iter().try_for_each(|nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            There::Items(0) => write!(f, "{place} is an empty array"),
            There::Items(1) => write!(f, "{place} is an array of 1 item, it has no `{wanted}`"),
            There::Items(count) => write!(f, "{place} is an array of {count} items, it has no `{wanted}`"),
            There::Leaf(kind) => write!(f, "{place} is {kind}, it has no `{wanted}`"),
        }
    }
}

impl std::error::Error for Missing {}
