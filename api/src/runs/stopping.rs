//! Stopping a run.

use axum::{Json, extract::State};
use domain::id::RunId;
use http::StatusCode;
use store::{
    Topic,
    runs::{self, Cancelled},
};

use super::Run;
use crate::{
    Api,
    extract::Key,
    refusal::{Code, Refusal},
};

pub(super) async fn cancel(
    State(api): State<Api>,
    Key(id): Key<RunId>,
) -> Result<(StatusCode, Json<Run>), Refusal> {
    let cancelled = api
        .store
        .write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                let cancelled = runs::cancel(conn, id, now).await?;
                Ok(cancelled.zip(runs::get(conn, id).await?))
            })
        })
        .await?;
    let (cancelled, run) = cancelled.ok_or_else(|| Refusal::not_found(format!("run `{id}`")))?;
    let status = match cancelled {
        Cancelled::Ended => StatusCode::OK,
        Cancelled::Requested => StatusCode::ACCEPTED,
        Cancelled::TooLate => {
            let outcome = run.outcome.map_or("finished", |outcome| outcome.as_str());
            return Err(Refusal::new(Code::AlreadyFinished, format!("run `{id}` has {outcome} already")));
        }
    };
    api.store.notify(Topic::Results);
    Ok((status, Json(run.into())))
}
