//! `POST /v1/channels/{id}/test`: a beginning and an end that look like a test. Rows, as for an incident: a notifier sends
//! them, and what comes of it is seen at the notifications.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    document::{AlertSeverity, Channel, Slug},
    id::{IncidentId, NotificationId, RunId},
    incident::IncidentLevel,
    notification::{Notice, Notification, NotificationKind, Subject},
    result::{AssertionOutcome, AssertionResult},
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Conn, Topic, channels,
    notifications::{self, NewNotification},
};

use crate::{
    Api,
    extract::Key,
    operation::Operation,
    refusal::{Code, Refusal},
};

/// The two messages of a test.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Tested {
    /// The beginning and the end; look at each for what came of it.
    data: Vec<Notification>,
}

pub(super) fn operation() -> Operation {
    Operation::new(Method::POST, "/v1/channels/{id}/test", "testChannel", test)
        .about("channels", "Send a test message, and that it is over")
        .answer(StatusCode::ACCEPTED, "Both will be sent.", |schemas| schemas.answer::<Tested>())
        .refuses([Code::NotFound])
}

async fn test(State(api): State<Api>, Key(id): Key<Slug>) -> Result<(StatusCode, Json<Tested>), Refusal> {
    let slug = id.clone();
    let written = api.store.write(move |conn| Box::pin(async move { write(conn, &slug).await })).await?;
    let data = written.ok_or_else(|| Refusal::not_found(format!("channel `{id}`")))?;
    api.store.notify(Topic::Notifications);
    Ok((StatusCode::ACCEPTED, Json(Tested { data })))
}

/// `None` when there is no such channel.
async fn write(conn: &mut Conn, slug: &Slug) -> store::Result<Option<Vec<Notification>>> {
    let Some(saved) = channels::get(conn, slug).await? else { return Ok(None) };
    let now = store::now(conn).await?;
    let incident = IncidentId::random(now);
    let events = [NotificationKind::Opened, NotificationKind::Resolved];
    let new = (0..).zip(events).map(|(sequence, kind)| NewNotification {
        id: NotificationId::random(now),
        channel: slug.clone(),
        sequence,
        notice: notice(&saved.document, incident, kind, now),
    });
    let new = new.collect::<Vec<_>>();
    notifications::insert(conn, &new).await?;
    Ok(Some(notifications::of_incident(conn, incident).await?))
}

fn notice(channel: &Channel, incident: IncidentId, kind: NotificationKind, now: DateTime<Utc>) -> Notice {
    let name = channel.name.clone().unwrap_or_else(|| channel.id.to_string());
    let opened = kind == NotificationKind::Opened;
    let assertion = AssertionResult {
        source: "status".to_owned(),
        comparison: "equals".into(),
        expected: 200.into(),
        actual: Some(503.into()),
        outcome: AssertionOutcome::Failed,
        message: None,
    };
    Notice {
        subject: Subject::Test,
        incident,
        kind,
        severity: AlertSeverity::Info,
        level: IncidentLevel::Down,
        flapping: None,
        cause: None,
        monitor: channel.id.clone(),
        collection: channel.id.clone(),
        collection_name: format!("what the channel {name} would tell of"),
        location: "default".parse().expect("`default` is a slug"),
        opened_at: now,
        occurred_at: now,
        run: RunId::random(now),
        reason: None,
        step: opened.then(|| (1, "An example".to_owned())),
        assertion: opened.then_some(assertion),
    }
}
