//! Incidents, what was told about them, and what people do to them.

mod acting;

use axum::{Json, extract::State};
use domain::{
    document::Slug,
    id::IncidentId,
    incident::{Incident, IncidentState, Note},
    notification::Notification,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{incidents, notifications};

use crate::{
    Api,
    extract::Key,
    operation::Operation,
    query::{Filter, List, Paged, Paging},
    refusal::{Code, Refusal},
};

/// Which incidents; everything that is said must hold.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    /// In this state.
    state: Option<IncidentState>,
    /// Of this monitor.
    monitor: Option<Slug>,
    /// Of this collection.
    collection: Option<Slug>,
}

/// An incident with everything that was told and noted about it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct IncidentInFull {
    #[serde(flatten)]
    incident: Incident,
    /// In the order of events, one per event and channel.
    notifications: Vec<Notification>,
    /// The oldest first.
    notes: Vec<Note>,
}

const TAG: &str = "incidents";

/// All operations on incidents.
pub(crate) fn operations() -> Vec<Operation> {
    let looking = [
        Operation::new(Method::GET, "/v1/incidents", "listIncidents", list)
            .about(TAG, "Incidents, newest first")
            .query::<Wanted>()
            .query::<Paging>()
            .answer(StatusCode::OK, "One page.", |schemas| schemas.answer::<List<Incident>>())
            .refuses([Code::InvalidQuery]),
        Operation::new(Method::GET, "/v1/incidents/{id}", "getIncident", get)
            .about(TAG, "One incident, with its notifications and notes")
            .answer(StatusCode::OK, "The incident.", |schemas| schemas.answer::<IncidentInFull>())
            .refuses([Code::NotFound]),
    ];
    looking.into_iter().chain(acting::operations()).collect()
}

async fn list(
    State(api): State<Api>,
    Filter(wanted): Filter<Wanted>,
    Paged(page): Paged,
) -> Result<Json<List<Incident>>, Refusal> {
    let Wanted { state, monitor, collection } = wanted;
    let filter = incidents::Filter { state, monitor, collection };
    let mut conn = api.store.read().await?;
    Ok(Json(incidents::list(&mut conn, &filter, page).await?.into()))
}

async fn get(State(api): State<Api>, Key(id): Key<IncidentId>) -> Result<Json<IncidentInFull>, Refusal> {
    let mut conn = api.store.read().await?;
    let incident = incidents::get(&mut conn, id).await?.ok_or_else(|| missing(id))?;
    let notifications = notifications::of_incident(&mut conn, id).await?;
    let notes = incidents::notes_of(&mut conn, id).await?;
    Ok(Json(IncidentInFull { incident, notifications, notes }))
}

fn missing(id: IncidentId) -> Refusal {
    Refusal::not_found(format!("incident `{id}`"))
}
