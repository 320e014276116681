//! What a run is given besides its plan.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{document::Slug, id::RunId};

/// What `@{{run.…}}` names.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// `run.id`.
    pub id: RunId,
    /// `run.started_at`.
    pub started_at: DateTime<Utc>,
    /// `run.attempt`, counted from 1.
    pub attempt: u32,
    /// `run.location`.
    pub location: Slug,
}

/// Secret values by name. They do not print.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// The value of one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All values, for the masker.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a run is given besides its plan.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Who and when it is.
    pub facts: RunFacts,
    /// Layers above the collection's own variables, highest first: `--var`, then the environment.
    pub vars: Vec<Map<String, Value>>,
    /// The environment's secrets.
    pub secrets: Secrets,
    /// For `uuid()`, `random_int()` and `random_string()`.
    pub seed: u64,
}
