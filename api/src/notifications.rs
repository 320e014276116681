//! Notifications: what was told to whom, every try at it, and sending again what was given up.

use axum::{Json, extract::State};
use domain::{
    document::Slug,
    id::{IncidentId, NotificationId},
    notification::{DeliveryAttempt, Notification, NotificationState},
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    Topic,
    notifications::{self, Redelivery},
};

use crate::{
    Api,
    extract::Key,
    operation::Operation,
    query::{Filter, List, Paged, Paging},
    refusal::{Code, Refusal},
};

/// Which notifications; everything that is said must hold.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    /// In this state.
    state: Option<NotificationState>,
    /// To this channel.
    channel: Option<Slug>,
    /// Of this incident.
    incident: Option<IncidentId>,
}

/// A notification with every try at it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NotificationWithAttempts {
    #[serde(flatten)]
    notification: Notification,
    /// In order.
    attempts: Vec<DeliveryAttempt>,
}

/// All operations on notifications.
pub(crate) fn operations() -> [Operation; 3] {
    const TAG: &str = "notifications";
    [
        Operation::new(Method::GET, "/v1/notifications", "listNotifications", list)
            .about(TAG, "Notifications, newest first")
            .query::<Wanted>()
            .query::<Paging>()
            .answer(StatusCode::OK, "One page.", |schemas| schemas.answer::<List<Notification>>())
            .refuses([Code::InvalidQuery]),
        Operation::new(Method::GET, "/v1/notifications/{id}", "getNotification", get)
            .about(TAG, "One notification, with every try at it")
            .answer(StatusCode::OK, "The notification.", |schemas| {
                schemas.answer::<NotificationWithAttempts>()
            })
            .refuses([Code::NotFound]),
        Operation::new(Method::POST, "/v1/notifications/{id}/redeliver", "redeliverNotification", redeliver)
            .about(TAG, "Send a notification again that was given up")
            .answer(StatusCode::ACCEPTED, "It is sent when its turn comes.", |schemas| {
                schemas.answer::<Notification>()
            })
            .refuses([Code::NotFound, Code::NotDead, Code::Superseded]),
    ]
}

async fn list(
    State(api): State<Api>,
    Filter(wanted): Filter<Wanted>,
    Paged(page): Paged,
) -> Result<Json<List<Notification>>, Refusal> {
    let Wanted { state, channel, incident } = wanted;
    let filter = notifications::Filter { state, channel, incident };
    let mut conn = api.store.read().await?;
    Ok(Json(notifications::list(&mut conn, &filter, page).await?.into()))
}

async fn get(
    State(api): State<Api>,
    Key(id): Key<NotificationId>,
) -> Result<Json<NotificationWithAttempts>, Refusal> {
    let mut conn = api.store.read().await?;
    let notification = notifications::get(&mut conn, id).await?.ok_or_else(|| not_found(id))?;
    let attempts = notifications::attempts(&mut conn, id).await?;
    Ok(Json(NotificationWithAttempts { notification, attempts }))
}

async fn redeliver(
    State(api): State<Api>,
    Key(id): Key<NotificationId>,
) -> Result<(StatusCode, Json<Notification>), Refusal> {
    let wish = api.store.write(move |conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            notifications::redeliver(conn, id, now).await
        })
    });
    match wish.await?.ok_or_else(|| not_found(id))? {
        Redelivery::Again(notification) => {
            api.store.notify(Topic::Notifications);
            Ok((StatusCode::ACCEPTED, Json(*notification)))
        }
        Redelivery::NotDead(state) => Err(Refusal::new(
            Code::NotDead,
            format!("it is `{state}`: only what is `dead` can be sent again"),
        )),
        Redelivery::Over(end) => Err(Refusal::new(
            Code::Superseded,
            format!(
                "what it tells of is over, which `{end}` says: told after that, it would be taken for news"
            ),
        )),
    }
}

fn not_found(id: NotificationId) -> Refusal {
    Refusal::not_found(format!("notification `{id}`"))
}
