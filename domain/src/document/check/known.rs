//! The names that exist around a document.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Document, Slug};

/// What a document can refer to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The environments, with the names that each has.
    pub environments: BTreeMap<Slug, EnvironmentNames>,
    /// The collections.
    pub collections: BTreeSet<Slug>,
    /// The channels.
    pub channels: BTreeSet<Slug>,
    /// Variables from elsewhere than environments (`--var`).
    pub vars: BTreeSet<String>,
    /// Secrets from elsewhere than environments (`--secret`).
    pub secrets: BTreeSet<String>,
    /// Whether nothing exists besides: then a document that names another one that is not there is refused. On the
    /// command line, which does not see the server, it only gets a warning.
    pub complete: bool,
}

/// The names that an environment has.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentNames {
    /// Of its variables.
    pub vars: BTreeSet<String>,
    /// Of its secrets.
    pub secrets: BTreeSet<String>,
}

impl Known {
    /// Makes a document known. A monitor has nothing that others name.
    pub fn add(&mut self, document: &Document) {
        match document {
            Document::Collection(collection) => {
                self.collections.insert(collection.id.clone());
            }
            Document::Environment(environment) => {
                let names = EnvironmentNames {
                    vars: environment.vars.keys().cloned().collect(),
                    secrets: environment.secrets.keys().cloned().collect(),
                };
                self.environments.insert(environment.id.clone(), names);
            }
            Document::Channel(channel) => {
                self.channels.insert(channel.id.clone());
            }
            Document::Monitor(_) => {}
        }
    }
}
