//! From a claimed run to what its machine needs: the pinned collection version, compiled once and kept, and the
//! environment as it is now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

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
use secrecy::ExposeSecret;
use store::{Store, collections, environments};

use crate::patience::Patience;

/// Plans kept, at most. A fleet that runs more collections than this compiles some of them again and again.
const KEPT_PLANS: usize = 4096;

type Version = (CollectionId, u32);

/// Makes runs ready. A collection version never changes, so its plan is kept.
pub(crate) struct Preparer {
    store: Store,
    plans: Mutex<HashMap<Version, Arc<Plan>>>,
}

impl Preparer {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, plans: Mutex::default() }
    }

    /// # Errors
    /// Why the run cannot be run: the blame is ours.
    pub(crate) async fn prepare(&self, run: &Run, clock: &dyn Clock) -> Result<(Arc<Plan>, Inputs), Reason> {
        let plan = self.plan((run.collection.id, run.collection.version)).await?;
        let (vars, secrets) = match &run.environment {
            Some(slug) => self.values(slug).await?,
            None => Default::default(),
        };
        let facts = RunFacts {
            id: run.id,
            started_at: run.started_at.unwrap_or_else(|| clock.now()),
            attempt: run.attempt,
            location: run.location.clone(),
        };
        Ok((plan, Inputs { facts, vars: vec![vars], secrets, seed: rand::random() }))
    }

    async fn plan(&self, version: Version) -> Result<Arc<Plan>, Reason> {
        if let Some(plan) = self.kept().get(&version) {
            return Ok(plan.clone());
        }
        let (id, number) = version;
        let mut patience = Patience::new();
        let document = loop {
            let read = async { collections::version(&mut self.store.read().await?, id, number).await };
            if let Some(settled) = settled(read.await, &mut patience).await {
                break settled;
            }
        };
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

    async fn values(
        &self,
        slug: &Slug,
    ) -> Result<(serde_json::Map<String, serde_json::Value>, Secrets), Reason> {
        let key = self.store.secrets_key();
        let mut patience = Patience::new();
        let values = loop {
            let read = async { environments::values(&mut self.store.read().await?, slug, key).await };
            if let Some(settled) = settled(read.await, &mut patience).await {
                break settled;
            }
        };
        let values = values.ok_or_else(|| {
            not_runnable(&format!("environment `{slug}` is not there, or its secrets cannot be read"))
        })?;
        let secrets =
            values.secrets.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned()));
        Ok((values.vars, secrets.collect()))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Version, Arc<Plan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` to read again, after a wait: the database did not answer. What cannot be read is as good as not there; the log
/// says why.
async fn settled<T>(read: store::Result<Option<T>>, patience: &mut Patience) -> Option<Option<T>> {
    match read {
        Ok(found) => Some(found),
        Err(error) if error.is_retryable() => {
            patience.wait("preparing a run", &error).await;
            None
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a run could not be prepared");
            Some(None)
        }
    }
}

fn not_runnable(message: &str) -> Reason {
    Reason::new(ReasonCode::NotRunnable, message)
}
