//! Values that are made, not looked up: `uuid()`, `now()`, `random_int(1, 6)`. Whoever answers passes the time and the
//! random numbers, so that a run can be repeated exactly.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use rand::{Rng, RngExt};
use serde_json::Value;

use super::syntax::{Cursor, SyntaxError};
use crate::{assertion::JsonType, problem::nearest};

/// Names that can be called, with how they are written.
const FUNCTIONS: [(&str, &str); 5] = [
    ("uuid", "uuid()"),
    ("now", "now()"),
    ("timestamp", "timestamp()"),
    ("random_int", "random_int(1, 100)"),
    ("random_string", "random_string(8)"),
];

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const MAX_RANDOM_STRING: i64 = 4096;

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// A random (version 4) UUID as text.
    Uuid,
    /// The time as RFC 3339 text in UTC with milliseconds.
    Now,
    /// The time as whole seconds since 1970.
    Timestamp,
    /// A whole number between two others, both included.
    RandomInt(i64, i64),
    /// That many ASCII letters and digits.
    RandomString(u32),
}

impl Function {
    /// A fresh value.
    pub fn evaluate(&self, now: DateTime<Utc>, rng: &mut impl Rng) -> Value {
        match *self {
            Self::Uuid => uuid::Builder::from_random_bytes(rng.random()).into_uuid().to_string().into(),
            Self::Now => now.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
            Self::Timestamp => now.timestamp().into(),
            Self::RandomInt(least, most) => rng.random_range(least..=most).into(),
            Self::RandomString(length) => {
                let mut letter = || char::from(LETTERS[rng.random_range(0..LETTERS.len())]);
                (0..length).map(|_| letter()).collect::<String>().into()
            }
        }
    }

    /// How the function of that name is written, if there is one.
    pub(super) fn usage(name: &str) -> Option<&'static str> {
        FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, usage)| *usage)
    }

    /// How every function is written, with the type of what it makes.
    pub(crate) fn usages() -> impl Iterator<Item = (&'static str, JsonType)> {
        FUNCTIONS.iter().map(|(name, usage)| {
            let whole = matches!(*name, "timestamp" | "random_int");
            (*usage, if whole { JsonType::Integer } else { JsonType::String })
        })
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, _)| *name)
    }

    /// Parses `(…)` after the name, which was taken from `start` on.
    pub(super) fn parse(cursor: &mut Cursor<'_>, start: usize, name: &str) -> Result<Self, SyntaxError> {
        let Some(usage) = Self::usage(name) else {
            let help = nearest(name, Self::names()).and_then(Self::usage).map_or_else(
                || format!("functions are {}", FUNCTIONS.map(|(_, usage)| format!("`{usage}`")).join(", ")),
                |usage| format!("did you mean `{usage}`?"),
            );
            return Err(cursor.error_since(start, format!("there is no function `{name}`")).help(help));
        };
        let numbers = integers(cursor)?;
        let wrong = |message: &str| Err(cursor.error_since(start, message).help(format!("write `{usage}`")));
        match (name, numbers.as_slice()) {
            ("uuid", []) => Ok(Self::Uuid),
            ("now", []) => Ok(Self::Now),
            ("timestamp", []) => Ok(Self::Timestamp),
            ("random_int", [least, most]) if least > most => {
                wrong("`random_int` takes the smaller number first")
            }
            ("random_int", [least, most]) => Ok(Self::RandomInt(*least, *most)),
            ("random_string", [length]) => match u32::try_from(*length) {
                Ok(characters) if *length <= MAX_RANDOM_STRING => Ok(Self::RandomString(characters)),
                _ => wrong("`random_string` makes between 0 and 4096 characters"),
            },
            ("random_int", _) => wrong("`random_int` takes two whole numbers"),
            ("random_string", _) => wrong("`random_string` takes one whole number"),
            _ => wrong(&format!("`{name}` takes nothing in its parentheses")),
        }
    }
}

/// `(1, -2)`.
fn integers(cursor: &mut Cursor<'_>) -> Result<Vec<i64>, SyntaxError> {
    let mut numbers = Vec::new();
    cursor.eat("(");
    cursor.skip_space();
    while !cursor.eat(")") {
        if !numbers.is_empty() {
            if !cursor.eat(",") {
                let found = cursor.next_shown();
                return Err(cursor.error(format!("expected `,` or `)`, found {found}")));
            }
            cursor.skip_space();
        }
        let start = cursor.at();
        let digits = cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '.' | '_'));
        let Ok(number) = digits.parse() else {
            let found = if digits.is_empty() { cursor.next_shown() } else { format!("`{digits}`") };
            return Err(SyntaxError::new(
                start,
                digits.len(),
                format!("expected a whole number, found {found}"),
            ));
        };
        numbers.push(number);
        cursor.skip_space();
    }
    Ok(numbers)
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid => f.write_str("uuid()"),
            Self::Now => f.write_str("now()"),
            Self::Timestamp => f.write_str("timestamp()"),
            Self::RandomInt(least, most) => write!(f, "random_int({least}, {most})"),
            Self::RandomString(length) => write!(f, "random_string({length})"),
        }
    }
}
