//! Muting a monitor: its runs go on, its incidents come and go, and nothing begins to be told.

use axum::{Json, extract::State};
use chrono::TimeDelta;
use domain::{
    document::{Slug, Span},
    incident::Mute,
    problem::Problem,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Topic, monitors};

use crate::{
    Api,
    extract::{Key, Options},
    operation::Operation,
    refusal::{Code, Refusal},
};

/// For how long, and why.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Muting {
    /// `30m`, `2h`, `7d`; until somebody ends it when absent.
    #[serde(rename = "for")]
    span: Option<Span>,
    /// For people.
    reason: Option<String>,
}

/// All operations on mutes.
pub(crate) fn operations() -> [Operation; 2] {
    const TAG: &str = "monitors";
    [
        Operation::new(Method::POST, "/v1/monitors/{id}/mute", "muteMonitor", mute)
            .about(TAG, "Tell nothing new of a monitor, for a while or until it is unmuted")
            .optional_body(|schemas| schemas.answer::<Muting>())
            .answer(StatusCode::OK, "Since when, and until when.", |schemas| schemas.answer::<Mute>())
            .refuses([Code::NotFound, Code::InvalidRequest]),
        Operation::new(Method::DELETE, "/v1/monitors/{id}/mute", "unmuteMonitor", unmute)
            .about(TAG, "Tell of a monitor again, also of what still holds")
            .no_content("It is not muted.")
            .refuses([Code::NotFound]),
    ]
}

async fn mute(
    State(api): State<Api>,
    Key(slug): Key<Slug>,
    Options(Muting { span, reason }): Options<Muting>,
) -> Result<Json<Mute>, Refusal> {
    let span = span.map(|span| TimeDelta::from_std(span.0)).transpose().ok();
    let Some(span) =
        span.filter(|span| span.is_none_or(|span| !span.is_zero() && span < TimeDelta::days(3650)))
    else {
        let problem =
            Problem::error("/for", "a monitor is muted for more than nothing and less than ten years");
        return Err(Refusal::invalid(Code::InvalidRequest, vec![problem]));
    };
    let name = slug.clone();
    let muted = api.store.write(move |conn| {
        Box::pin(async move {
            let since = store::now(conn).await?;
            let mute = Mute { since, until: span.map(|span| since + span), reason };
            monitors::mute(conn, &slug, Some(mute)).await
        })
    });
    let saved = muted.await?.ok_or_else(|| missing(&name))?;
    api.store.notify(Topic::Results);
    saved.muted.map(Json).ok_or_else(Refusal::internal)
}

async fn unmute(State(api): State<Api>, Key(slug): Key<Slug>) -> Result<StatusCode, Refusal> {
    let name = slug.clone();
    let unmuted =
        api.store.write(move |conn| Box::pin(async move { monitors::mute(conn, &slug, None).await }));
    unmuted.await?.ok_or_else(|| missing(&name))?;
    api.store.notify(Topic::Results);
    Ok(StatusCode::NO_CONTENT)
}

fn missing(slug: &Slug) -> Refusal {
    Refusal::not_found(format!("monitor `{slug}`"))
}
