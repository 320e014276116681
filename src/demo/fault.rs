//! The fault switch: what the demo shop can be told to do wrong. Only payments break, as they did for others.

use std::{io, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Demo, error::Refusal, lock, shop::Payment};

/// How long a payment takes under [`Fault::Slow`].
const SLOW: Duration = Duration::from_secs(3);

/// What is wrong with payments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The provider changed its payload.
    WrongPayload,
    /// The right answer, late.
    Slow,
    /// An internal error.
    #[serde(rename = "error_500")]
    Error500,
    /// No answer at all.
    Drop,
}

impl Fault {
    const ALL: [Self; 5] = [Self::None, Self::WrongPayload, Self::Slow, Self::Error500, Self::Drop];

    const fn description(self) -> &'static str {
        match self {
            Self::None => "payments work",
            Self::WrongPayload => {
                "payments answer 201 with a changed payload: status is `pending_review`, order_id and card are gone"
            }
            Self::Slow => "payments work, but answer after 3 s",
            Self::Error500 => "payments answer 500",
            Self::Drop => "payments close the connection without an answer",
        }
    }

    /// Spoils the answer to a payment that went through.
    pub(super) async fn answer(self, payment: Payment) -> Response {
        match self {
            Self::None => captured(&payment),
            Self::WrongPayload => changed(&payment),
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                captured(&payment)
            }
            Self::Error500 => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "internal error" })))
                .into_response(),
            Self::Drop => aborted(),
        }
    }
}

fn captured(payment: &Payment) -> Response {
    (StatusCode::CREATED, Json(payment)).into_response()
}

/// Still 201 and still JSON, so that every check of availability stays green: only the content says that no money came.
fn changed(payment: &Payment) -> Response {
    let body = json!({
        "payment": { "id": payment.id, "amount": payment.amount, "currency": payment.currency },
        "status": "pending_review",
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

/// A body that fails at once makes the server drop the connection before a byte of the head was flushed.
fn aborted() -> Response {
    let failure = io::Error::new(io::ErrorKind::ConnectionAborted, "the fault switch says so");
    Response::new(Body::from_stream(stream::iter([Err::<&[u8], _>(failure)])))
}

/// The body of `PUT /faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    fault: Fault,
}

/// `GET /faults`: the present fault and all that there are.
pub(super) async fn show(State(demo): State<Demo>) -> Response {
    view(*lock(&demo.fault))
}

/// `PUT /faults`: switches.
pub(super) async fn set(
    State(demo): State<Demo>,
    body: Result<Json<Switch>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(switch) = body.map_err(|rejection| Refusal::unprocessable(rejection.body_text()))?;
    *lock(&demo.fault) = switch.fault;
    Ok(view(switch.fault))
}

fn view(fault: Fault) -> Response {
    let known = Fault::ALL.map(|fault| json!({ "fault": fault, "description": fault.description() }));
    Json(json!({ "fault": fault, "description": fault.description(), "faults": known })).into_response()
}
