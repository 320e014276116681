//! The names that exist around a document.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Collection, Document, Slug};

/// What a document can refer to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The environments, with the names that each has.
    pub environments: BTreeMap<Slug, EnvironmentNames>,
    /// The collections, with what others can use of each.
    pub collections: BTreeMap<Slug, CollectionNames>,
    /// For each collection that is used, by whom and for which of its captures: it must go on making them.
    pub users: BTreeMap<Slug, Vec<(Slug, BTreeSet<String>)>>,
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

/// What others can use of a collection.
#[derive(Debug, Clone, Default)]
pub struct CollectionNames {
    /// The names that its steps capture.
    pub captures: BTreeSet<String>,
    /// The key for which it cannot be used at all.
    pub unfit: Option<&'static str>,
}

impl From<&Collection> for CollectionNames {
    fn from(collection: &Collection) -> Self {
        Self { captures: collection.captured_names(), unfit: collection.unfit_for_use() }
    }
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
                self.collections.insert(collection.id.clone(), collection.into());
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
