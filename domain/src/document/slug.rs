//! The key by which people name a document.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

/// `[a-z0-9][a-z0-9_-]*`, at most 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

/// Why a text is not a [`Slug`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an id: lower-case letters, digits, `_` and `-`, starting with a letter or digit, at most 100{}",
    self.example()
)]
pub struct SlugError {
    text: String,
}

impl SlugError {
    /// The same words as an id, if there are any.
    fn example(&self) -> String {
        let words = self.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let words: Vec<_> = words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
        let id: String = words.join("-").trim_start_matches('_').chars().take(100).collect();
        if id.is_empty() { String::new() } else { format!("; for example `{id}`") }
    }
}

impl Slug {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let valid = text.len() <= 100
            && text.starts_with(letter)
            && text.chars().all(|c| letter(c) || c == '_' || c == '-');
        if valid { Ok(Self(text.to_owned())) } else { Err(SlugError { text: text.to_owned() }) }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Slug {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slug".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": 100 })
    }
}
