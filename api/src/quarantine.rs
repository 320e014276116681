//! Lets a collection out of quarantine as it is. Which ones are in it, `/v1/fleet` shows; saving a new version lets it
//! out as well.

use axum::extract::State;
use domain::document::Slug;
use http::{Method, StatusCode};
use store::{Topic, quarantines};

use crate::{
    Api,
    extract::Key,
    operation::Operation,
    refusal::{Code, Refusal},
};

pub(crate) fn operations() -> [Operation; 1] {
    [Operation::new(Method::DELETE, "/v1/collections/{id}/quarantine", "liftQuarantine", lift)
        .about("collections", "Run a collection again that took two workers along, as it is")
        .no_content("It is run again from its next slot on.")
        .refuses([Code::NotFound])]
}

async fn lift(State(api): State<Api>, Key(slug): Key<Slug>) -> Result<StatusCode, Refusal> {
    let name = slug.clone();
    let lifted = api.store.write(move |conn| Box::pin(async move { quarantines::lift(conn, &slug).await }));
    if !lifted.await? {
        return Err(Refusal::not_found(format!("quarantine of collection `{name}`")));
    }
    api.store.notify(Topic::Results);
    Ok(StatusCode::NO_CONTENT)
}
