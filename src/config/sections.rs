//! Sections whose settings reach more than one crate, or none yet. Everything else belongs to the crate that uses it.

use std::{fmt, path::PathBuf};

use serde::Deserialize;

/// A text that is never printed: a key, or a URL that may hold a password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hidden(String);

impl Hidden {
    /// The text.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `[database]`: PostgreSQL instead of the embedded database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// `postgres://…`, also as `DATABASE_URL`.
    pub(crate) url: Option<Hidden>,
}

/// `[data]`: the embedded database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Data {
    /// Its folder.
    pub(crate) dir: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: PathBuf::from("./skopos-data") }
    }
}

/// `[secrets]`: secrets at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Secrets {
    /// 32 bytes in base64.
    pub(crate) key: Option<Hidden>,
}

/// `[smtp]`: the server for e-mail channels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Smtp {
    /// `smtp://…` or `smtps://…`.
    pub(crate) url: Option<Hidden>,
    /// Whose name mails carry.
    pub(crate) from: Option<String>,
    /// A PEM file of certificates that are trusted besides the system's.
    pub(crate) ca: Option<PathBuf>,
}
