//! The notifier's part of the configuration.

use serde::Deserialize;

/// How one notifier works.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many notifications it sends at a time.
    pub slots: u16,
    /// Where people reach Skopos with a browser: what links in messages begin with.
    pub public_url: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { slots: 16, public_url: "http://127.0.0.1:8080".to_owned() }
    }
}
