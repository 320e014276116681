//! The worker's part of the configuration.

use std::time::Duration;

use domain::document::{Slug, Span};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// How one worker works.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which location's runs it takes.
    pub location: Slug,
    /// How many runs it executes at a time.
    pub slots: u16,
    /// How long runs in hand may go on after a stop signal, before they are handed back.
    pub drain: Span,
    /// What it looks at to know whether it has a way out: a list, or one comma-separated text. Empty: it does not look.
    #[serde(deserialize_with = "read_beacons")]
    pub beacons: Vec<Beacon>,
    /// How often.
    pub beacon_every: Span,
}

impl Default for Config {
    fn default() -> Self {
        let location = "default".parse().expect("`default` is a slug");
        Self {
            location,
            slots: 64,
            drain: Span(Duration::from_secs(20)),
            beacons: Vec::new(),
            beacon_every: Span(Duration::from_secs(10)),
        }
    }
}

/// An address that always answers, whatever it says: `http://` or `https://`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Beacon(String);

/// Why a text is not a [`Beacon`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a beacon: an address with http:// or https://, as in `https://example.com/`")]
pub struct BeaconError(String);

impl Beacon {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Beacon {
    type Error = BeaconError;

    fn try_from(text: String) -> Result<Self, BeaconError> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        if host && !text.contains(char::is_whitespace) { Ok(Self(text)) } else { Err(BeaconError(text)) }
    }
}

impl From<Beacon> for String {
    fn from(beacon: Beacon) -> Self {
        beacon.0
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Beacons {
    Text(String),
    List(Vec<String>),
}

fn read_beacons<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Beacon>, D::Error> {
    let texts = match Beacons::deserialize(deserializer)? {
        Beacons::Text(text) => text.split(',').map(str::to_owned).collect(),
        Beacons::List(list) => list,
    };
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.map(|text| Beacon::try_from(text.to_owned()).map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(beacons: serde_json::Value) -> Result<Vec<Beacon>, String> {
        let config = serde_json::from_value::<Config>(serde_json::json!({ "beacons": beacons }));
        config.map(|config| config.beacons).map_err(|error| error.to_string())
    }

    #[test]
    fn beacons_are_a_list_or_one_comma_separated_text() {
        let (one, other) = ("https://a.example/", "http://10.0.0.1:8080");
        let list = read(serde_json::json!([one, other])).unwrap();
        assert_eq!(list.iter().map(Beacon::as_str).collect::<Vec<_>>(), [one, other]);
        assert_eq!(read(serde_json::json!(format!("{one}, {other},"))), Ok(list));
        assert_eq!(read(serde_json::json!("")), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_an_address_is_named() {
        for wrong in ["example.com", "ftp://example.com", "https://", "https:///x", "https://a b"] {
            let error = read(serde_json::json!([wrong])).unwrap_err();
            assert!(error.contains(&format!("`{wrong}` is not a beacon")), "{error}");
        }
    }
}
