//! What handlers take from a request. Whatever cannot be taken is a refusal.

use std::{fmt, str::FromStr};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::BytesRejection},
};
use domain::problem::Problem;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::refusal::{Code, Refusal};

/// The largest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// The `{id}` of a path. A text that cannot be an id is the id of nothing.
pub(crate) struct Key<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Key<T>
where
    T: FromStr<Err: fmt::Display>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let not_found = |why: &dyn fmt::Display| Refusal::new(Code::NotFound, why.to_string());
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|error| not_found(&error))?;
        text.parse().map(Self).map_err(|error| not_found(&error))
    }
}

/// A JSON body.
pub(crate) struct Json(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        json(request, state).await?.map(Self).ok_or_else(|| {
            Refusal::new(Code::MalformedBody, "the body is empty; a JSON document is expected")
        })
    }
}

/// A body that may be left out; without one it is `T::default()`.
pub(crate) struct Options<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Options<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Some(value) = json(request, state).await? else { return Ok(Self(T::default())) };
        serde_json::from_value(value).map(Self).map_err(|error| {
            Refusal::invalid(Code::InvalidRequest, vec![Problem::error("", error.to_string())])
        })
    }
}

/// The body as a value; nothing when there is no body.
async fn json<S: Send + Sync>(request: Request, state: &S) -> Result<Option<Value>, Refusal> {
    let is_json = is_json(request.headers());
    let body = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
    if body.is_empty() {
        return Ok(None);
    }
    if !is_json {
        let detail = "send JSON, with `Content-Type: application/json`";
        return Err(Refusal::new(Code::UnsupportedMediaType, detail));
    }
    // serde_json's message ends with the line and the column.
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| Refusal::new(Code::MalformedBody, format!("the body is not JSON: {error}")))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

fn unread(error: &BytesRejection) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Refusal::new(Code::BodyTooLarge, format!("at most {MAX_BODY} bytes are read"))
    } else {
        Refusal::new(Code::MalformedBody, "the body did not arrive whole")
    }
}
