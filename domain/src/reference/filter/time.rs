//! Times: RFC 3339 text, or a number of seconds since 1970.

use std::{fmt::Write, time::Duration};

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use serde_json::Value;

use super::{super::NoValue, text::unfit};

pub(super) fn date(value: &Value, format: &str) -> Result<Value, NoValue> {
    let mut text = String::new();
    let written = write!(text, "{}", read("date", value)?.format(format));
    written
        .map(|()| text.into())
        .map_err(|_| NoValue::invalid("`date` cannot write this time in that format"))
}

/// The same kind of time, moved.
pub(super) fn shift(value: &Value, negative: bool, by: Duration) -> Result<Value, NoValue> {
    let time = read("add", value)?;
    let moved = TimeDelta::from_std(by)
        .ok()
        .and_then(|by| if negative { time.checked_sub_signed(by) } else { time.checked_add_signed(by) })
        .ok_or_else(|| NoValue::invalid("`add` gives a time that is out of range"))?;
    Ok(match value {
        Value::String(_) => moved.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
        _ => moved.timestamp().into(),
    })
}

fn read(filter: &str, value: &Value) -> Result<DateTime<FixedOffset>, NoValue> {
    let time = match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text.trim()).ok(),
        Value::Number(seconds) => seconds
            .as_i64()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map(|time| time.fixed_offset()),
        other => return Err(unfit(filter, other)),
    };
    time.ok_or_else(|| {
        NoValue::invalid(format!("`{filter}` takes a time: RFC 3339 text or whole seconds since 1970"))
    })
}
