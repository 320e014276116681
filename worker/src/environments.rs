//! Variables and secrets as they are now, for runs that are about to begin. Many runs see few environments: those that
//! begin together share a look.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{document::Slug, run::inputs::Secrets};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use store::{Patience, Store, environments};

use crate::batch::Batcher;

const BATCH: usize = 256;

/// What references see of an environment.
#[derive(Debug)]
pub(crate) struct Values {
    /// When it, or a secret of it, changed last.
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) vars: Map<String, Value>,
    pub(crate) secrets: Secrets,
}

/// `None` for an environment that is not there, or whose secrets cannot be read.
pub(crate) type Environments = Batcher<Slug, Option<Arc<Values>>>;

pub(crate) fn spawn(store: Store) -> Environments {
    Batcher::spawn(BATCH, move |slugs: Vec<Slug>| {
        let store = store.clone();
        async move {
            let mut seen: HashMap<&Slug, Option<Arc<Values>>> = HashMap::new();
            for slug in &slugs {
                if !seen.contains_key(slug) {
                    seen.insert(slug, read(&store, slug).await.map(Arc::new));
                }
            }
            slugs.iter().map(|slug| seen.get(slug).cloned().flatten()).collect()
        }
    })
}

async fn read(store: &Store, slug: &Slug) -> Option<Values> {
    let (key, name) = (store.secrets_key().clone(), slug.clone());
    let read = store.read_patiently(Patience::new("preparing a run"), move |conn| {
        Box::pin(async move { environments::values(conn, &name, &key).await })
    });
    let values = read.await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "an environment cannot be read");
        None
    })?;
    let secrets = values.secrets.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned()));
    Some(Values { updated_at: values.updated_at, vars: values.vars, secrets: secrets.collect() })
}
