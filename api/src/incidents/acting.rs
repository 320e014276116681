//! Acknowledge, snooze, resolve, and notes. Whoever was told is told, in the same transaction.

use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    document::Span,
    id::IncidentId,
    incident::{Incident, Note},
    problem::Problem,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{
    Topic,
    incidents::{self, Act, Acted},
};

use super::{TAG, missing};
use crate::{
    Api,
    extract::{self, Key, Options},
    operation::Operation,
    refusal::{Code, Refusal},
};

/// Longer than this nobody means to be left alone.
const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(30);
/// Bytes of a note.
const LONGEST_NOTE: usize = 64 * 1024;

/// For how long nothing is to be told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Snooze {
    /// `30m`, `2h`, at most 30 days. Default 1 hour.
    #[serde(rename = "for")]
    span: Option<Span>,
}

/// Something worth knowing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewNote {
    /// What.
    text: String,
    /// Whose; nobody checks it.
    author: Option<String>,
}

pub(super) fn operations() -> [Operation; 4] {
    let act = |operation: Operation, summary| {
        operation
            .about(TAG, summary)
            .answer(StatusCode::OK, "The incident as it is now.", |schemas| schemas.answer::<Incident>())
            .refuses([Code::NotFound, Code::AlreadyFinished])
    };
    let path = |verb| format!("/v1/incidents/{{id}}/{verb}");
    [
        act(
            Operation::new(Method::POST, path("acknowledge"), "acknowledgeIncident", acknowledge),
            "Say that somebody knows: no more reminders",
        ),
        act(
            Operation::new(Method::POST, path("snooze"), "snoozeIncident", snooze)
                .optional_body(|schemas| schemas.answer::<Snooze>())
                .refuses([Code::InvalidRequest]),
            "Tell nothing more of it for a while, but that it is over",
        ),
        act(
            Operation::new(Method::POST, path("resolve"), "resolveIncident", resolve),
            "End it by hand; the next failures count anew",
        ),
        Operation::new(Method::POST, path("notes"), "noteIncident", note)
            .about(TAG, "Write something down about it, also when it is over")
            .body(|schemas| schemas.answer::<NewNote>())
            .answer(StatusCode::CREATED, "The note.", |schemas| schemas.answer::<Note>())
            .refuses([Code::NotFound, Code::InvalidRequest]),
    ]
}

async fn acknowledge(State(api): State<Api>, Key(id): Key<IncidentId>) -> Result<Json<Incident>, Refusal> {
    act(&api, id, |_| Act::Acknowledge).await
}

async fn snooze(
    State(api): State<Api>,
    Key(id): Key<IncidentId>,
    Options(Snooze { span }): Options<Snooze>,
) -> Result<Json<Incident>, Refusal> {
    let span = span.map_or(Ok(TimeDelta::hours(1)), |span| TimeDelta::from_std(span.0)).ok();
    let Some(span) = span.filter(|span| !span.is_zero() && *span <= LONGEST_SNOOZE) else {
        let problem =
            Problem::error("/for", "an incident is snoozed for at most `30d`, and for more than nothing");
        return Err(Refusal::invalid(Code::InvalidRequest, vec![problem]));
    };
    act(&api, id, move |now| Act::Snooze(now + span)).await
}

async fn resolve(State(api): State<Api>, Key(id): Key<IncidentId>) -> Result<Json<Incident>, Refusal> {
    act(&api, id, |_| Act::Resolve).await
}

async fn act(
    api: &Api,
    id: IncidentId,
    what: impl FnOnce(DateTime<Utc>) -> Act + Clone + Send + Sync + 'static,
) -> Result<Json<Incident>, Refusal> {
    let acted = api.store.write(move |conn| {
        Box::pin(async move {
            let now = store::now(conn).await?;
            incidents::act(conn, id, what(now), now).await
        })
    });
    match acted.await?.ok_or_else(|| missing(id))? {
        Acted::Done(incident) => {
            api.store.notify(Topic::Notifications);
            api.store.notify(Topic::Results);
            Ok(Json(incident))
        }
        Acted::Over(_) => {
            Err(Refusal::new(Code::AlreadyFinished, format!("incident `{id}` is over already")))
        }
    }
}

async fn note(
    State(api): State<Api>,
    Key(id): Key<IncidentId>,
    extract::Json(body): extract::Json,
) -> Result<(StatusCode, Json<Note>), Refusal> {
    let invalid = |pointer, message: String| {
        Refusal::invalid(Code::InvalidRequest, vec![Problem::error(pointer, message)])
    };
    let NewNote { text, author } =
        serde_json::from_value(body).map_err(|error| invalid("", error.to_string()))?;
    if text.trim().is_empty() || text.len() > LONGEST_NOTE {
        return Err(invalid("/text", format!("a note has a text of at most {LONGEST_NOTE} bytes")));
    }
    let noted = api.store.write(move |conn| {
        Box::pin(async move {
            if incidents::get(conn, id).await?.is_none() {
                return Ok(None);
            }
            let now = store::now(conn).await?;
            incidents::add_note(conn, id, author, text, now).await.map(Some)
        })
    });
    let note = noted.await?.ok_or_else(|| missing(id))?;
    api.store.notify(Topic::Results);
    Ok((StatusCode::CREATED, Json(note)))
}
