//! `uses`: collections that are run once for many others, which read what those capture.

use std::{collections::BTreeSet, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Collection, Slug, Span};

/// One shared set-up: a collection whose captures this one can refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Which; references name it like a step, as in `session-login.captures.token`.
    pub collection: Slug,
    /// How old what it captured may be. From 10s to 24h, default 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
}

impl Use {
    /// Where the document says nothing.
    pub const DEFAULT_TTL: Duration = Duration::from_secs(10 * 60);

    /// How old what it captured may be.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl.map_or(Self::DEFAULT_TTL, |span| span.0)
    }
}

impl Collection {
    /// The names of all that its steps capture.
    #[must_use]
    pub fn captured_names(&self) -> BTreeSet<String> {
        self.steps.iter().flat_map(|step| step.capture.keys().cloned()).collect()
    }

    /// The key for which no other collection can use this one. A set-up is one collection and one run of it: nothing
    /// that would have to be waited for in turn.
    #[must_use]
    pub fn unfit_for_use(&self) -> Option<&'static str> {
        if !self.uses.is_empty() {
            return Some("uses");
        }
        self.each.as_ref().map(|_| "each")
    }
}
