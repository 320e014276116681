//! One cause of many incidents: a shared set-up that fails, with which all that use it fail.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Slug, SlugError};

/// Which set-up failed, in which environment; as one text `session-login@production`, or `session-login` without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct SharedCause {
    /// The collection.
    pub set_up: Slug,
    /// As which it was run.
    pub environment: Option<Slug>,
}

impl fmt::Display for SharedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.set_up)?;
        self.environment.iter().try_for_each(|environment| write!(f, "@{environment}"))
    }
}

impl FromStr for SharedCause {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        // Slugs have no `@`.
        let (set_up, environment) =
            text.split_once('@').map_or((text, None), |(set_up, environment)| (set_up, Some(environment)));
        Ok(Self { set_up: set_up.parse()?, environment: environment.map(str::parse).transpose()? })
    }
}

impl TryFrom<String> for SharedCause {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        text.parse()
    }
}

impl From<SharedCause> for String {
    fn from(cause: SharedCause) -> Self {
        cause.to_string()
    }
}
