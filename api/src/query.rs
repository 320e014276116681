//! Query parameters. Which ones an operation knows is in its row of the table; any other is refused, so that a
//! misspelt filter never answers everything.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{FromRequestParts, Query, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::problem::nearest;
use http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Cursor, Listing, Page};
use url::form_urlencoded;

use crate::refusal::{Code, Refusal};

/// How a list is paged.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Paging {
    /// At most this many.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = 100))]
    limit: u32,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

const fn fifty() -> u32 {
    50
}

/// One page, newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    data: Vec<T>,
    /// `cursor` of the next page; null on the last one.
    next_cursor: Option<String>,
}

impl<T> From<Listing<T>> for List<T> {
    fn from(listing: Listing<T>) -> Self {
        let next_cursor = listing.next_cursor.map(|cursor| cursor.to_string());
        Self { data: listing.data, next_cursor }
    }
}

/// The part of a list that is wanted.
pub(crate) struct Paged(pub(crate) Page);

impl<S: Send + Sync> FromRequestParts<S> for Paged {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Filter(Paging { limit, cursor }) = Filter::from_request_parts(parts, state).await?;
        if !(1..=100).contains(&limit) {
            return Err(Refusal::new(Code::InvalidQuery, format!("`limit` is from 1 to 100, not {limit}")));
        }
        let cursor = cursor.map(|text| text.parse::<Cursor>()).transpose();
        let cursor =
            cursor.map_err(|error| Refusal::new(Code::InvalidQuery, format!("`cursor` is {error}")))?;
        Ok(Self(Page { limit, cursor }))
    }
}

/// Some of the parameters, as a type.
pub(crate) struct Filter<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Filter<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(filter)) => Ok(Self(filter)),
            Err(error) => Err(Refusal::new(Code::InvalidQuery, error.body_text())),
        }
    }
}

/// Refuses parameters that are not among `known`.
pub(crate) async fn only(known: Arc<[String]>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let unknown = form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name)
        .find(|name| !known.iter().any(|known| known == name));
    match unknown {
        Some(name) => refusal(&name, &known).into_response(),
        None => next.run(request).await,
    }
}

fn refusal(name: &str, known: &[String]) -> Refusal {
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => Cow::Owned(format!("did you mean `{near}`?")),
        None if known.is_empty() => "there are none here".into(),
        None => format!("there are {}", known.join(", ")).into(),
    };
    Refusal::new(Code::InvalidQuery, format!("there is no parameter `{name}`; {help}"))
}
