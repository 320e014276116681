//! What an operator may set about the scheduler.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// `[scheduler]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// For how many days finished runs with their results, resolved incidents, and gaps are kept.
    pub retention_days: NonZeroU32,
}

impl Config {
    /// How long history is kept.
    pub(crate) fn retention(&self) -> TimeDelta {
        TimeDelta::days(self.retention_days.get().into())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self { retention_days: NonZeroU32::new(30).expect("it is not zero") }
    }
}
