//! The worker's part of the configuration.

use std::time::Duration;

use domain::document::{Slug, Span};
use serde::Deserialize;

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
}

impl Default for Config {
    fn default() -> Self {
        let location = "default".parse().expect("`default` is a slug");
        Self { location, slots: 64, drain: Span(Duration::from_secs(20)) }
    }
}
