//! What is watched: one address per collection, which works or does not.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chaos::web::{Answer, Asked, Handler};
use http::StatusCode;
use serde_json::json;

/// Which collections fail.
#[derive(Debug, Default)]
struct Failing {
    all: bool,
    some: HashSet<String>,
}

/// The server's state.
#[derive(Debug, Default)]
pub(crate) struct Target(Mutex<Failing>);

impl Target {
    /// From now on everything fails, or works.
    pub(crate) fn fail(&self, all: bool) {
        *self.lock() = Failing { all, some: HashSet::new() };
    }

    /// From now on this one fails, too.
    pub(crate) fn fail_one(&self, collection: &str) {
        self.lock().some.insert(collection.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Failing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Target {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        let failing = self.lock();
        let fails = failing.all || failing.some.contains(asked.path.trim_start_matches('/'));
        let (status, state) =
            if fails { (StatusCode::INTERNAL_SERVER_ERROR, "broken") } else { (StatusCode::OK, "open") };
        Some(Answer::of(status, json!({ "state": state })))
    }
}
