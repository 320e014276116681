//! Run now: an INSERT, so it works while the queue is down.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    document::Slug,
    id::RunId,
    outcome::Trigger,
    problem::{Problem, nearest},
    run::{MonitorRef, PinnedCollection},
    schedule::Window,
};
use http::{StatusCode, header::LOCATION};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    Conn, Topic, collections, environments, monitors,
    runs::{self, NewRun},
    workers,
};

use super::Run;
use crate::{
    Api,
    extract::{Key, Options},
    refusal::{Code, Refusal},
};

/// Who asks for a run now does not want it tomorrow.
const MAX_LATENESS: Duration = Duration::from_secs(5 * 60);

/// How a collection is to be run, where it shall not be as its document says.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Whose variables and secrets it sees. Default: the collection's own.
    environment: Option<Slug>,
    /// Where it executes. Default: the collection's first location, else `default`.
    location: Option<Slug>,
}

/// The runs of one press of the button.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Started {
    /// One per collection and location.
    data: Vec<Run>,
}

/// What to start, or why not.
type Planned = Result<Vec<NewRun>, Refusal>;

pub(super) async fn run_collection(
    State(api): State<Api>,
    Key(slug): Key<Slug>,
    Options(wish): Options<Wish>,
) -> Result<Response, Refusal> {
    let started = api
        .store
        .write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let planned = of_collection(conn, &slug, wish, now).await?;
                insert(conn, planned, now).await
            })
        })
        .await??;
    api.store.notify(Topic::Runs);
    let run = started.into_iter().next().ok_or_else(Refusal::internal)?;
    let path = format!("/v1/runs/{}", run.id);
    Ok((StatusCode::ACCEPTED, [(LOCATION, path)], Json(run)).into_response())
}

pub(super) async fn run_monitor(
    State(api): State<Api>,
    Key(slug): Key<Slug>,
) -> Result<(StatusCode, Json<Started>), Refusal> {
    let data = api
        .store
        .write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let planned = of_monitor(conn, &slug, now).await?;
                insert(conn, planned, now).await
            })
        })
        .await??;
    api.store.notify(Topic::Runs);
    Ok((StatusCode::ACCEPTED, Json(Started { data })))
}

async fn of_collection(
    conn: &mut Conn,
    slug: &Slug,
    wish: Wish,
    now: DateTime<Utc>,
) -> store::Result<Planned> {
    let Some(saved) = collections::get(conn, slug).await? else {
        return Ok(Err(Refusal::not_found(format!("collection `{slug}`"))));
    };
    let problems = unknown(conn, &wish).await?;
    if !problems.is_empty() {
        return Ok(Err(Refusal::invalid(Code::InvalidRequest, problems)));
    }
    let first = saved.document.locations.and_then(|all| all.into_iter().next());
    let run = NewRun {
        id: RunId::random(now),
        collection: PinnedCollection { id: saved.id, slug: saved.document.id, version: saved.version },
        monitor: None,
        environment: wish.environment.or(saved.document.environment),
        location: wish.location.or(first).unwrap_or_else(default_location),
        trigger: Trigger::Manual,
        max_lateness: MAX_LATENESS,
        wake_at: now,
        in_maintenance: false,
        avoid: None,
        end: None,
    };
    Ok(Ok(vec![run]))
}

async fn of_monitor(conn: &mut Conn, slug: &Slug, now: DateTime<Utc>) -> store::Result<Planned> {
    let Some(saved) = monitors::get(conn, slug).await? else {
        return Ok(Err(Refusal::not_found(format!("monitor `{slug}`"))));
    };
    let monitor = saved.document;
    let covers = |window| Window::compile(window).is_ok_and(|window| window.covers(now));
    let in_maintenance = monitor.maintenance.iter().any(covers);
    let mut planned = Vec::new();
    for collection in &monitor.collections {
        // A collection that a monitor names cannot be deleted, so it is there.
        let Some(saved_collection) = collections::get(conn, collection).await? else { continue };
        let pinned = PinnedCollection {
            id: saved_collection.id,
            slug: collection.clone(),
            version: saved_collection.version,
        };
        planned.extend(monitor.locations.iter().map(|location| NewRun {
            avoid: None,
            id: RunId::random(now),
            collection: pinned.clone(),
            monitor: Some(MonitorRef { id: saved.id, slug: monitor.id.clone() }),
            environment: monitor.environment.clone(),
            location: location.clone(),
            trigger: Trigger::Manual,
            max_lateness: MAX_LATENESS,
            wake_at: now,
            in_maintenance,
            end: None,
        }));
    }
    Ok(Ok(planned))
}

/// What a wish names and nobody knows. A location is where a worker is, or was.
async fn unknown(conn: &mut Conn, wish: &Wish) -> store::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    if let Some(slug) = &wish.environment
        && environments::get(conn, slug).await?.is_none()
    {
        problems.push(Problem::error("/environment", format!("there is no environment `{slug}`")));
    }
    if let Some(slug) = &wish.location {
        let workers = workers::list(conn).await?;
        if !workers.iter().any(|worker| worker.location == *slug) {
            let problem = Problem::error("/location", format!("no worker is known at `{slug}`"));
            let near = nearest(slug.as_str(), workers.iter().map(|worker| worker.location.as_str()));
            problems.push(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
    }
    Ok(problems)
}

async fn insert(
    conn: &mut Conn,
    planned: Planned,
    now: DateTime<Utc>,
) -> store::Result<Result<Vec<Run>, Refusal>> {
    let planned = match planned {
        Ok(planned) => planned,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut inserted = Vec::with_capacity(planned.len());
    for id in runs::insert(conn, &planned, now).await? {
        inserted.extend(runs::get(conn, id).await?.map(Run::from));
    }
    Ok(Ok(inserted))
}

fn default_location() -> Slug {
    "default".parse().expect("`default` is a slug")
}
