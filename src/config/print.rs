//! The configuration as it counts, for people: TOML with the origin of each value and without what is secret.

use std::fmt::Write;

use figment::value::Value;
use url::Url;

use super::{
    reference,
    sources::{Given, Settings},
};

/// Instead of what is secret.
const HIDDEN: &str = "***";

/// Every setting in the order of the reference.
pub(crate) fn print(settings: &Settings) -> String {
    let (mut printed, mut section) = (String::new(), "");
    let reference = reference::settings();
    for (key, example) in &reference {
        let (within, name) = key.split_once('.').expect("every setting stands in a section");
        if within != section {
            let space = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(printed, "{space}[{within}]");
            section = within;
        }
        let given = settings.given.iter().rev().find(|given| given.key == *key);
        let _ = match (given, reference::defaults().find_value(key)) {
            (Some(Given { origin, value, .. }), _) => {
                writeln!(printed, "{name} = {}  # {origin}", shown(key, value, example))
            }
            (None, Ok(value)) => writeln!(printed, "{name} = {}  # default", shown(key, &value, example)),
            (None, Err(_)) => writeln!(printed, "#{name} is not set"),
        };
    }
    printed
}

/// A value as TOML. Numbers that came as text are numbers.
fn shown(key: &str, value: &Value, example: &Value) -> String {
    let secret = reference::SECRETS.iter().any(|(secret, _)| *secret == key);
    match (value, example) {
        (Value::String(_, text), _) if secret => quoted(&redacted(key, text)),
        (_, _) if secret => quoted(HIDDEN),
        (Value::String(_, text), Value::Num(..) | Value::Bool(..)) => text.clone(),
        (Value::String(_, text), _) => quoted(text),
        (Value::Bool(_, flag), _) => flag.to_string(),
        (Value::Array(_, items), _) => {
            let items: Vec<_> = items.iter().map(|item| shown(key, item, example)).collect();
            format!("[{}]", items.join(", "))
        }
        (Value::Num(_, number), _) => match (number.to_i128(), number.to_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(part)) => part.to_string(),
            (None, None) => number.to_u128().map(|large| large.to_string()).unwrap_or_default(),
        },
        (Value::Char(..) | Value::Dict(..) | Value::Empty(..), _) => quoted("?"),
    }
}

/// The text between quotes. TOML's escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A URL without its password, wherever it stands; nothing of any other secret.
fn redacted(key: &str, text: &str) -> String {
    let Some(mut url) = Url::parse(text).ok().filter(|_| key.ends_with(".url")) else {
        return HIDDEN.to_owned();
    };
    if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    // What comes after the path is options, and any of them may be a password in some driver.
    let options = url.query().is_some() || url.fragment().is_some();
    url.set_query(None);
    url.set_fragment(None);
    format!("{url}{}", if options { "?***" } else { "" })
}
