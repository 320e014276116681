//! Help for editors: what becomes of a draft, and what can be written in it. The document comes in the body and goes
//! back in the answer; nothing is stored.

use std::collections::BTreeMap;

use axum::{Json as Answer, extract::State};
use domain::{
    document::{
        Collection, Environment, Slug,
        complete::{Completion, Surroundings, completions},
        rewrite::{arrange_steps, rename_step},
    },
    problem::Problem,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::{Conn, Page};

use crate::{
    Api,
    extract::Json,
    operation::Operation,
    refusal::{Code, Refusal},
};

/// Another name for a step.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Renaming {
    /// A collection; it may have mistakes elsewhere.
    #[schemars(with = "BTreeMap<String, Value>")]
    document: Value,
    /// The step's id.
    from: String,
    /// What it is to be called.
    to: String,
}

/// Another order of steps, or fewer of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arranging {
    /// A collection; it may have mistakes elsewhere.
    #[schemars(with = "BTreeMap<String, Value>")]
    document: Value,
    /// The ids of the steps as they are to be; a step that is not named goes.
    order: Vec<String>,
}

/// A draft after a change.
#[derive(Serialize, JsonSchema)]
struct Rewritten {
    /// The collection, with the references that name its steps.
    #[schemars(with = "BTreeMap<String, Value>")]
    document: Value,
}

/// A place of a draft.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    /// A collection; it may have mistakes.
    #[schemars(with = "BTreeMap<String, Value>")]
    document: Value,
    /// JSON pointer to where something is written: `/steps/1/request/url`.
    pointer: String,
    /// Examples of answers by step, as from its last run: `{ status, headers, cookies, body, captures }`. Paths and
    /// sample values come from them.
    #[serde(default)]
    answers: BTreeMap<String, Value>,
}

/// Everything that can be written there.
#[derive(Serialize, JsonSchema)]
struct Completions {
    data: Vec<Completion>,
}

/// The operations on drafts.
pub(crate) fn operations() -> [Operation; 3] {
    let rename = Operation::new(Method::POST, "/v1/drafts/rename-step", "renameStep", rename)
        .about("drafts", "Rename a step of a draft")
        .body(|schemas| schemas.read::<Renaming>())
        .answer(StatusCode::OK, "The draft with the new name.", |schemas| schemas.answer::<Rewritten>())
        .refuses([Code::InvalidRequest]);
    let arrange = Operation::new(Method::POST, "/v1/drafts/arrange-steps", "arrangeSteps", arrange)
        .about("drafts", "Move and remove steps of a draft")
        .body(|schemas| schemas.read::<Arranging>())
        .answer(StatusCode::OK, "The draft with these steps.", |schemas| schemas.answer::<Rewritten>())
        .refuses([Code::InvalidRequest]);
    let complete = Operation::new(Method::POST, "/v1/drafts/completions", "completeDraft", complete)
        .about("drafts", "What can be written at a place of a draft")
        .body(|schemas| schemas.read::<Place>())
        .answer(StatusCode::OK, "All of it.", |schemas| schemas.answer::<Completions>())
        .refuses([Code::InvalidRequest]);
    [rename, arrange, complete]
}

async fn rename(Json(body): Json) -> Result<Answer<Rewritten>, Refusal> {
    let Renaming { document, from, to } = read(body)?;
    answer(rename_step(&document, &from, &to))
}

async fn arrange(Json(body): Json) -> Result<Answer<Rewritten>, Refusal> {
    let Arranging { document, order } = read(body)?;
    answer(arrange_steps(&document, &order))
}

async fn complete(State(api): State<Api>, Json(body): Json) -> Result<Answer<Completions>, Refusal> {
    let Place { document, pointer, answers } = read(body)?;
    let mut conn = api.store.read().await?;
    let environments = environments(&mut conn, &document).await?;
    let set_ups = set_ups(&mut conn, &document).await?;
    let around = Surroundings { environments: &environments, set_ups: &set_ups, answers: &answers };
    Ok(Answer(Completions { data: completions(&document, &pointer, &around) }))
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body)
        .map_err(|error| Refusal::invalid(Code::InvalidRequest, vec![Problem::error("", error.to_string())]))
}

fn answer(rewritten: Result<Value, Vec<Problem>>) -> Result<Answer<Rewritten>, Refusal> {
    match rewritten {
        Ok(document) => Ok(Answer(Rewritten { document })),
        Err(problems) => Err(Refusal::invalid(Code::InvalidRequest, problems)),
    }
}

/// The collections that it uses, as far as there are such.
async fn set_ups(conn: &mut Conn, document: &Value) -> store::Result<Vec<Collection>> {
    let named = document["uses"].as_array().into_iter().flatten();
    let named = named.filter_map(|used| used["collection"].as_str()?.parse::<Slug>().ok());
    let mut all = Vec::new();
    for slug in named {
        all.extend(store::collections::get(conn, &slug).await?.map(|saved| saved.document));
    }
    Ok(all)
}

/// The environment that the collection names, or all: it may be run in any of them.
async fn environments(conn: &mut Conn, document: &Value) -> store::Result<Vec<Environment>> {
    let named = document["environment"].as_str().and_then(|name| name.parse::<Slug>().ok());
    if let Some(named) = named {
        let saved = store::environments::get(conn, &named).await?;
        return Ok(saved.into_iter().map(|environment| environment.document).collect());
    }
    let mut page = Page::first(100);
    let mut all = Vec::new();
    loop {
        let listing = store::environments::list(conn, page).await?;
        all.extend(listing.data.into_iter().map(|environment| environment.document));
        let Some(cursor) = listing.next_cursor else { return Ok(all) };
        page.cursor = Some(cursor);
    }
}
