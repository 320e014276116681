//! Looking at runs.

use axum::{Json, extract::State};
use domain::{
    document::Slug,
    id::RunId,
    outcome::{Outcome, RunState, Trigger},
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{results, runs};

use super::{Run, RunWithSteps};
use crate::{
    Api,
    extract::Key,
    query::{Filter, List, Paged},
    refusal::Refusal,
};

/// Which runs; everything that is said must hold.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    /// Of this collection.
    collection: Option<Slug>,
    /// Of this monitor.
    monitor: Option<Slug>,
    /// With this outcome.
    outcome: Option<Outcome>,
    /// In this state.
    state: Option<RunState>,
    /// Brought into being by this. Drafts are left out unless they are asked for.
    trigger: Option<Trigger>,
    /// At this location.
    location: Option<Slug>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Filter(wanted): Filter<Wanted>,
    Paged(page): Paged,
) -> Result<Json<List<Run>>, Refusal> {
    let Wanted { collection, monitor, outcome, state, trigger, location } = wanted;
    let filter = runs::Filter { collection, monitor, outcome, state, trigger, location };
    let mut conn = api.store.read().await?;
    let listing = runs::list(&mut conn, &filter, page).await?;
    Ok(Json(listing.map(Run::from).into()))
}

pub(super) async fn get(State(api): State<Api>, Key(id): Key<RunId>) -> Result<Json<RunWithSteps>, Refusal> {
    let mut conn = api.store.read().await?;
    let run = runs::get(&mut conn, id).await?.ok_or_else(|| Refusal::not_found(format!("run `{id}`")))?;
    let result = results::get(&mut conn, id).await?;
    let duration_ms = result.as_ref().map(|result| result.duration_ms);
    let (set_ups, steps, rows) =
        result.map(|result| (result.set_ups, result.steps, result.rows)).unwrap_or_default();
    Ok(Json(RunWithSteps { run: run.into(), duration_ms, set_ups, steps, rows }))
}
