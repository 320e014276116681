//! Numbers. Integers stay integers, also beyond 2^53.

use std::fmt;

use serde_json::{Number, Value};

use super::{super::NoValue, text::unfit, time};
use crate::document::Span;

/// What `add` adds.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// To a time: `5m`, `-1h`.
    Span {
        /// Whether it is taken away.
        negative: bool,
        /// How much.
        span: Span,
    },
    /// To a number.
    Number(Number),
}

impl Amount {
    pub(super) fn add_to(&self, value: &Value) -> Result<Value, NoValue> {
        match self {
            Self::Span { negative, span } => time::shift(value, *negative, span.0),
            Self::Number(number) => sum(value, number),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span { negative, span } => write!(f, "{}{span}", if *negative { "-" } else { "" }),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

fn sum(value: &Value, number: &Number) -> Result<Value, NoValue> {
    let Value::Number(to) = value else { return Err(unfit("add", value)) };
    let too_large = || NoValue::invalid("`add` gives a number that is too large");
    match (to.as_i128(), number.as_i128()) {
        (Some(left), Some(right)) => whole(left + right).ok_or_else(too_large),
        _ => to
            .as_f64()
            .zip(number.as_f64())
            .and_then(|(left, right)| decimal(left + right))
            .ok_or_else(too_large),
    }
}

pub(super) fn int(value: &Value) -> Result<Value, NoValue> {
    let unreadable = || NoValue::invalid("`int` cannot read this as a whole number");
    match value {
        Value::Number(number) => match number.as_i128() {
            Some(_) => Ok(value.clone()),
            None => number.as_f64().and_then(truncated).ok_or_else(unreadable),
        },
        Value::String(text) => {
            let text = text.trim();
            let whole = text.parse().ok().and_then(whole);
            whole.or_else(|| text.parse().ok().and_then(truncated)).ok_or_else(unreadable)
        }
        other => Err(unfit("int", other)),
    }
}

pub(super) fn float(value: &Value) -> Result<Value, NoValue> {
    let unreadable = || NoValue::invalid("`float` cannot read this as a number");
    match value {
        Value::Number(number) => number.as_f64().and_then(decimal).ok_or_else(unreadable),
        Value::String(text) => text.trim().parse().ok().and_then(decimal).ok_or_else(unreadable),
        other => Err(unfit("float", other)),
    }
}

fn whole(number: i128) -> Option<Value> {
    Number::from_i128(number).map(Value::Number)
}

fn decimal(number: f64) -> Option<Value> {
    Number::from_f64(number).map(Value::Number)
}

/// Without its decimals, if a 64-bit integer holds it.
fn truncated(number: f64) -> Option<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, the decimals are meant to go")]
    let cut = (number.is_finite() && number.abs() < 1e20).then_some(number as i128)?;
    whole(cut)
}
