//! From a claimed run to what its machine needs: the pinned collection version, compiled once and kept, and the
//! environment as it is now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use domain::{
    clock::Clock,
    document::Slug,
    id::CollectionId,
    outcome::{Reason, ReasonCode},
    plan::Plan,
    run::{
        Run,
        inputs::{Inputs, RunFacts, Secrets},
    },
};
use serde_json::{Map, Value};
use store::{Patience, Store, collections};

use crate::environments::{self, Environments};

/// Plans kept, at most. A fleet that runs more collections than this compiles some of them again and again.
const KEPT_PLANS: usize = 4096;

type Version = (CollectionId, u32);

/// Variables, secrets, and their last change.
type Seen = (Map<String, Value>, Secrets, Option<DateTime<Utc>>);

/// What a run is executed with.
pub(crate) struct Prepared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) inputs: Inputs,
    /// The last change of the run's environment.
    pub(crate) environment_at: Option<DateTime<Utc>>,
}

/// Makes runs ready. A collection version never changes, so its plan is kept.
pub(crate) struct Preparer {
    store: Store,
    environments: Environments,
    plans: Mutex<HashMap<Version, Arc<Plan>>>,
}

impl Preparer {
    pub(crate) fn new(store: Store) -> Self {
        Self { environments: environments::spawn(store.clone()), store, plans: Mutex::default() }
    }

    /// # Errors
    /// Why the run cannot be run: the blame is ours.
    pub(crate) async fn prepare(&self, run: &Run, clock: &dyn Clock) -> Result<Prepared, Reason> {
        let plan = self.plan((run.collection.id, run.collection.version)).await?;
        let (vars, secrets, environment_at) = match &run.environment {
            Some(slug) => self.values(slug).await?,
            None => Default::default(),
        };
        let facts = RunFacts {
            id: run.id,
            started_at: run.started_at.unwrap_or_else(|| clock.now()),
            attempt: run.attempt,
            location: run.location.clone(),
        };
        let inputs = Inputs { facts, vars: vec![vars], secrets, seed: rand::random() };
        Ok(Prepared { plan, inputs, environment_at })
    }

    /// # Errors
    /// Why it cannot be run.
    pub(crate) async fn plan(&self, version: Version) -> Result<Arc<Plan>, Reason> {
        if let Some(plan) = self.kept().get(&version) {
            return Ok(plan.clone());
        }
        let (id, number) = version;
        let read = self.store.read_patiently(Patience::new("preparing a run"), move |conn| {
            Box::pin(collections::version(conn, id, number))
        });
        let document = readable(read.await);
        let document =
            document.ok_or_else(|| not_runnable("the collection's version is not there any more"))?;
        let compiled = Plan::compile(&document).map_err(|problems| {
            let first = problems.first().map(|problem| format!(": {}", problem.message)).unwrap_or_default();
            not_runnable(&format!("the collection's version cannot be read by this worker{first}"))
        })?;
        let plan = Arc::new(compiled);
        let mut kept = self.kept();
        if kept.len() >= KEPT_PLANS {
            kept.clear();
        }
        kept.insert(version, plan.clone());
        Ok(plan)
    }

    async fn values(&self, slug: &Slug) -> Result<Seen, Reason> {
        let values = self.environments.submit(slug.clone()).await.flatten();
        let values = values.ok_or_else(|| {
            not_runnable(&format!("environment `{slug}` is not there, or its secrets cannot be read"))
        })?;
        Ok((values.vars.clone(), values.secrets.clone(), values.updated_at))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Version, Arc<Plan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What cannot be read is as good as not there; the log says why.
fn readable<T>(read: store::Result<Option<T>>) -> Option<T> {
    read.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a run could not be prepared");
        None
    })
}

fn not_runnable(message: &str) -> Reason {
    Reason::new(ReasonCode::NotRunnable, message)
}
