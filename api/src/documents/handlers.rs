//! The five things that can be done with a document of any kind.

use axum::{
    Json as Answer,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    document::{Document, Slug, to_value},
    problem::Problem,
};
use http::{StatusCode, header::LOCATION};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::{Change, Conn, Listing};

use super::{At, Resource, reading};
use crate::{
    Api,
    extract::{Json, Key},
    query::Paged,
    refusal::{Code, Refusal},
};

/// What is to be done with a document that was sent.
#[derive(Clone, Copy)]
enum Saving {
    Create,
    CreateOrReplace,
}

pub(super) async fn list<R: Resource>(
    State(api): State<Api>,
    Paged(page): Paged,
) -> Result<Answer<Value>, Refusal> {
    let mut conn = api.store.read().await?;
    let Listing { data, next_cursor } = R::list(&mut conn, page).await?;
    let data: Vec<_> = R::show(&mut conn, data).await?.into_iter().map(shown).collect();
    Ok(Answer(json!({ "data": data, "next_cursor": next_cursor.map(|cursor| cursor.to_string()) })))
}

pub(super) async fn get<R: Resource>(
    State(api): State<Api>,
    Key(id): Key<Slug>,
) -> Result<Answer<Value>, Refusal> {
    let mut conn = api.store.read().await?;
    let row = R::get(&mut conn, &id).await?.ok_or_else(|| not_found::<R>(&id))?;
    Ok(Answer(Value::Object(show_one::<R>(&mut conn, row).await?)))
}

pub(super) async fn create<R: Resource>(
    State(api): State<Api>,
    Json(body): Json,
) -> Result<Response, Refusal> {
    save::<R>(&api, body, Saving::Create).await
}

pub(super) async fn put<R: Resource>(
    State(api): State<Api>,
    Key(id): Key<Slug>,
    Json(mut body): Json,
) -> Result<Response, Refusal> {
    if let Some(body) = body.as_object_mut() {
        let given = body.entry("id").or_insert_with(|| id.as_str().into());
        if given.as_str() != Some(id.as_str()) {
            let problem = Problem::error("/id", format!("the path says `{id}`, the body says `{given}`"))
                .help("leave it out of the body");
            return Err(Refusal::invalid(Code::InvalidDocument, vec![problem]));
        }
    }
    save::<R>(&api, body, Saving::CreateOrReplace).await
}

pub(super) async fn delete<R: Resource>(
    State(api): State<Api>,
    Key(id): Key<Slug>,
) -> Result<StatusCode, Refusal> {
    let slug = id.clone();
    let deleted = api.store.write(move |conn| Box::pin(async move { R::delete(conn, &slug).await })).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(not_found::<R>(&id)) }
}

/// Reads, checks and writes in one transaction, so that nothing that the document names goes away in between.
async fn save<R: Resource>(api: &Api, body: Value, saving: Saving) -> Result<Response, Refusal> {
    let key = api.store.secrets_key().clone();
    let (change, id, shown) = api
        .store
        .write(move |conn| {
            Box::pin(async move {
                let at = At { now: store::now(conn).await?, key };
                let (document, warnings) = match reading::read::<R>(conn, &body).await? {
                    Ok(read) => read,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let (change, row) = match saving {
                    Saving::Create => (Change::Created, document.create(conn, &at).await?),
                    Saving::CreateOrReplace => document.replace(conn, &at).await?,
                };
                let mut shown = show_one::<R>(conn, row).await?;
                if !warnings.is_empty() {
                    shown.insert("warnings".to_owned(), json!(warnings));
                }
                Ok(Ok((change, document.id().clone(), shown)))
            })
        })
        .await??;
    let body = Answer(Value::Object(shown));
    Ok(match change {
        Change::Created => {
            let path = format!("/v1/{}/{id}", R::PLURAL);
            (StatusCode::CREATED, [(LOCATION, path)], body).into_response()
        }
        Change::Replaced | Change::Unchanged => body.into_response(),
    })
}

async fn show_one<R: Resource>(conn: &mut Conn, row: R::Row) -> store::Result<Map<String, Value>> {
    let shown_rows = R::show(conn, vec![row]).await?;
    Ok(shown_rows.into_iter().next().map(shown).unwrap_or_default())
}

/// The document, then what the server knows about it.
fn shown((document, facts): (Document, impl Serialize)) -> Map<String, Value> {
    let mut all = Map::new();
    for part in [to_value(&document), json!(facts)] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    all
}

fn not_found<R: Resource>(id: &Slug) -> Refusal {
    Refusal::not_found(format!("{} `{id}`", R::KIND))
}
