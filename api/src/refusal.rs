//! Everything the API answers when it does not do what it was asked: `application/problem+json` (RFC 9457).
//!
//! A refusal is public. What went wrong inside goes to the log here, once, and never into an answer.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    document::{Kind, Slug},
    problem::{Problem, pointer_token},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Serialize;

/// Why, for machines. Scripts rely on the words: they are never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    MalformedBody,
    InvalidQuery,
    ForbiddenHost,
    ForbiddenOrigin,
    UnknownPath,
    NotFound,
    MethodNotAllowed,
    AlreadyExists,
    InUse,
    Owned,
    AlreadyFinished,
    NotDead,
    Superseded,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidDocument,
    InvalidRequest,
    Internal,
    Unavailable,
    TimedOut,
}

impl Code {
    /// The word, the status, and what it means whatever the occasion.
    pub(crate) const fn meaning(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::MalformedBody => {
                ("malformed_body", StatusCode::BAD_REQUEST, "The body is not what its type says")
            }
            Self::InvalidQuery => {
                ("invalid_query", StatusCode::BAD_REQUEST, "A query parameter is unknown or wrong")
            }
            Self::ForbiddenHost => {
                ("forbidden_host", StatusCode::FORBIDDEN, "The API is not known by this name")
            }
            Self::ForbiddenOrigin => {
                ("forbidden_origin", StatusCode::FORBIDDEN, "Pages of another origin may not use the API")
            }
            Self::UnknownPath => ("unknown_path", StatusCode::NOT_FOUND, "There is nothing at this path"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "There is nothing of this id"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "This cannot be done at this path")
            }
            Self::AlreadyExists => ("already_exists", StatusCode::CONFLICT, "The id is taken"),
            Self::InUse => ("in_use", StatusCode::CONFLICT, "Others name it"),
            Self::Owned => ("owned", StatusCode::CONFLICT, "The monitor belongs to a collection"),
            Self::AlreadyFinished => ("already_finished", StatusCode::CONFLICT, "The run is over"),
            Self::NotDead => ("not_dead", StatusCode::CONFLICT, "The notification was not given up"),
            Self::Superseded => {
                ("superseded", StatusCode::CONFLICT, "Something that was told later would be contradicted")
            }
            Self::BodyTooLarge => {
                ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 1 MiB")
            }
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is of a type that is not read here",
            ),
            Self::InvalidDocument => {
                ("invalid_document", StatusCode::UNPROCESSABLE_ENTITY, "The document is invalid")
            }
            Self::InvalidRequest => {
                ("invalid_request", StatusCode::UNPROCESSABLE_ENTITY, "The request cannot be carried out")
            }
            Self::Internal => {
                ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something broke inside Skopos")
            }
            Self::Unavailable => {
                ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "The database does not answer")
            }
            Self::TimedOut => ("timed_out", StatusCode::SERVICE_UNAVAILABLE, "The answer took too long"),
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        self.meaning().1
    }
}

/// A refusal with what is particular about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    code: Code,
    detail: String,
    errors: Vec<Problem>,
    used_by: Vec<Name>,
}

/// A document, by kind and id.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Name {
    /// What it describes.
    kind: Kind,
    /// The key by which everything names it.
    id: Slug,
}

/// The body of every refusal (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Refusal")]
pub(crate) struct Body {
    /// `/problems/` and the code: stable.
    #[serde(rename = "type")]
    problem_type: String,
    /// What the code means, whatever the occasion.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// Why, for machines: stable.
    code: &'static str,
    /// What it is this time, in a sentence for people.
    detail: String,
    /// What is wrong with the body, each with a JSON pointer into it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Problem>,
    /// `in_use`: who names it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    used_by: Vec<Name>,
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), used_by: Vec::new() }
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what}"))
    }

    /// Everything that is wrong with a body, at once.
    pub(crate) fn invalid(code: Code, errors: Vec<Problem>) -> Self {
        let wrong = errors.iter().filter(|problem| problem.is_error()).count();
        let first = errors.iter().find(|problem| problem.is_error());
        let detail = match (first, wrong) {
            (Some(first), 1) if first.pointer.is_empty() => first.message.clone(),
            (Some(first), 1) => format!("{}: {}", first.pointer, first.message),
            _ => format!("{wrong} things are wrong with it: see `errors`"),
        };
        Self { errors, ..Self::new(code, detail) }
    }

    /// A defect of Skopos. The caller has put it into the log.
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "the log of the server says more")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, status, title) = self.code.meaning();
        let body = Body {
            problem_type: format!("/problems/{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: self.detail,
            errors: self.errors,
            used_by: self.used_by,
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict { what } => {
                Self::new(Code::AlreadyExists, format!("{what} exists already"))
            }
            store::Error::InUse { kind, by } => in_use(kind, by),
            store::Error::Missing(missing) => {
                let problem = |name: store::Missing| {
                    Problem::error("", format!("there is no {} `{}`", name.kind, name.slug))
                };
                Self::invalid(Code::InvalidDocument, missing.into_iter().map(problem).collect())
            }
            store::Error::Invalid(problems) => Self::invalid(Code::InvalidDocument, problems),
            store::Error::Incomplete { secrets } => {
                let problem = |name: String| {
                    let pointer = format!("/secrets/{}", pointer_token(&name));
                    Problem::error(pointer, format!("the secret `{name}` has no value that could be kept"))
                        .help("send `{ \"value\": \"…\" }`")
                };
                Self::invalid(Code::InvalidDocument, secrets.into_iter().map(problem).collect())
            }
            store::Error::Owned { collection } => Self::new(
                Code::Owned,
                format!("it is the inline schedule of collection `{collection}`: change that document"),
            ),
            store::Error::Unavailable(_) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
                Self::new(Code::Unavailable, "try again in a moment")
            }
            store::Error::Corrupt(_) | store::Error::Schema(_) | store::Error::Setup(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request met a broken database");
                Self::internal()
            }
        }
    }
}

fn in_use(kind: Kind, by: Vec<(Kind, Slug)>) -> Refusal {
    let names: Vec<_> = by.iter().map(|(kind, slug)| format!("{kind} `{slug}`")).collect();
    let detail = format!("this {kind} is named by {}: change or delete that first", names.join(", "));
    let used_by = by.into_iter().map(|(kind, id)| Name { kind, id }).collect();
    Refusal { used_by, ..Refusal::new(Code::InUse, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_database_says_nothing_of_the_inside() {
        for error in [
            store::Error::Corrupt("hunter2".into()),
            store::Error::Schema("hunter2".into()),
            store::Error::Setup("hunter2".to_owned()),
            store::Error::Unavailable("hunter2".into()),
        ] {
            let refusal = Refusal::from(error);
            assert!(refusal.code.status().is_server_error());
            assert!(!format!("{refusal:?}").contains("hunter2"), "{refusal:?}");
        }
    }

    #[test]
    fn one_error_is_told_in_the_detail_and_several_are_counted() {
        let one = Refusal::invalid(Code::InvalidDocument, vec![Problem::error("/steps", "it is empty")]);
        assert_eq!(one.detail, "/steps: it is empty");
        let warning = Problem::warning("/a", "perhaps");
        let errors = vec![warning, Problem::error("/b", "no"), Problem::error("/c", "no")];
        let several = Refusal::invalid(Code::InvalidDocument, errors);
        assert_eq!(several.detail, "2 things are wrong with it: see `errors`");
    }
}
