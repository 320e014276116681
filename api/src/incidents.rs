//! Incidents, and what was told about them.

use axum::{Json, extract::State};
use domain::{
    document::Slug,
    id::IncidentId,
    incident::{Incident, IncidentState},
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

/// An incident with everything that was told about it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct IncidentWithNotifications {
    #[serde(flatten)]
    incident: Incident,
    /// In the order of events, one per event and channel.
    notifications: Vec<Notification>,
}

/// All operations on incidents.
pub(crate) fn operations() -> [Operation; 2] {
    const TAG: &str = "incidents";
    [
        Operation::new(Method::GET, "/v1/incidents", "listIncidents", list)
            .about(TAG, "Incidents, newest first")
            .query::<Wanted>()
            .query::<Paging>()
            .answer(StatusCode::OK, "One page.", |schemas| schemas.answer::<List<Incident>>())
            .refuses([Code::InvalidQuery]),
        Operation::new(Method::GET, "/v1/incidents/{id}", "getIncident", get)
            .about(TAG, "One incident, with its notifications")
            .answer(StatusCode::OK, "The incident.", |schemas| schemas.answer::<IncidentWithNotifications>())
            .refuses([Code::NotFound]),
    ]
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

async fn get(
    State(api): State<Api>,
    Key(id): Key<IncidentId>,
) -> Result<Json<IncidentWithNotifications>, Refusal> {
    let mut conn = api.store.read().await?;
    let incident = incidents::get(&mut conn, id).await?;
    let incident = incident.ok_or_else(|| Refusal::not_found(format!("incident `{id}`")))?;
    let notifications = notifications::of_incident(&mut conn, id).await?;
    Ok(Json(IncidentWithNotifications { incident, notifications }))
}
