//! How a request's connection is made.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Visitor},
};

/// Certificates and keys, as PEM text (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// Whether the server's certificate has to verify. Default true.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Authorities that are trusted instead of the operating system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Our certificate, and those between it and an authority; needs `client_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<String>,
    /// Its key, usually a secret; needs `client_cert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Which version of HTTP is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub enum HttpVersion {
    /// HTTP/2 where the server offers it (over TLS), else HTTP/1.1.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1 only.
    #[serde(rename = "1.1")]
    Http1,
    /// HTTP/2 only; without TLS it is spoken at once, as both sides must know beforehand.
    #[serde(rename = "2")]
    Http2,
}

/// Over which version of IP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub enum IpFamily {
    /// Whichever answers first.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// IPv4 only.
    #[serde(rename = "4")]
    V4,
    /// IPv6 only.
    #[serde(rename = "6")]
    V6,
}

impl<'de> Deserialize<'de> for HttpVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = [("auto", Self::Auto), ("1.1", Self::Http1), ("2", Self::Http2)];
        deserializer.deserialize_any(Word(words))
    }
}

impl<'de> Deserialize<'de> for IpFamily {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = [("auto", Self::Auto), ("4", Self::V4), ("6", Self::V6)];
        deserializer.deserialize_any(Word(words))
    }
}

/// One of a few words, which may be written as the number that it looks like.
struct Word<T>([(&'static str, T); 3]);

impl<T> Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(a, _), (b, _), (c, _)] = &self.0;
        write!(f, "`{a}`, `{b}` or `{c}`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let refused = E::custom(format_args!("expected {}, found `{text}`", &self as &dyn de::Expected));
        self.0.into_iter().find(|(word, _)| *word == text).map(|(_, value)| value).ok_or(refused)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

impl JsonSchema for HttpVersion {
    fn schema_name() -> Cow<'static, str> {
        "HttpVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Which version of HTTP is spoken.", "enum": ["auto", "1.1", "2", 1.1, 2] })
    }
}

impl JsonSchema for IpFamily {
    fn schema_name() -> Cow<'static, str> {
        "IpFamily".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Over which version of IP.", "enum": ["auto", "4", "6", 4, 6] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn versions_are_texts_or_the_numbers_that_they_look_like() {
        for value in [json!("2"), json!(2)] {
            assert_eq!(from_value::<HttpVersion>(value).unwrap(), HttpVersion::Http2);
        }
        for value in [json!("1.1"), json!(1.1)] {
            assert_eq!(from_value::<HttpVersion>(value).unwrap(), HttpVersion::Http1);
        }
        assert_eq!(from_value::<IpFamily>(json!(6)).unwrap(), IpFamily::V6);
        assert_eq!(serde_json::to_value(IpFamily::V4).unwrap(), json!("4"));
        let error = from_value::<HttpVersion>(json!(3)).unwrap_err().to_string();
        assert_eq!(error, "expected `auto`, `1.1` or `2`, found `3`");
    }
}
