//! The shop's API: HTTP in, [`Shop`](super::shop::Shop) asked, HTTP out.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Demo,
    error::Refusal,
    lock,
    shop::{Cart, Delivery, PaymentRequest},
};

/// Who is asking, from the bearer token.
pub(super) struct Customer(String);

impl FromRequestParts<Demo> for Customer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, demo: &Demo) -> Result<Self, Refusal> {
        let token = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer "));
        token
            .and_then(|token| demo.tokens.user(token))
            .map(Self)
            .ok_or_else(|| Refusal::unauthorized("log in first and send the token as a bearer token"))
    }
}

/// The body of `POST /login`.
#[derive(Debug, Deserialize)]
pub(super) struct Login {
    user: String,
    password: String,
}

/// `POST /login`: any user, any password but an empty one.
pub(super) async fn login(
    State(demo): State<Demo>,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Login { user, password } = read(body)?;
    if user.is_empty() || password.is_empty() {
        return Err(Refusal::unauthorized("user or password is wrong"));
    }
    Ok(Json(json!({ "token": demo.tokens.issue(&user), "token_type": "Bearer", "user": user })))
}

/// The body of `POST /carts`.
#[derive(Debug, Deserialize)]
pub(super) struct NewCart {
    sku: String,
    quantity: u32,
}

/// `POST /carts`: a cart with one line.
pub(super) async fn create_cart(
    State(demo): State<Demo>,
    Customer(user): Customer,
    body: Result<Json<NewCart>, JsonRejection>,
) -> Result<(StatusCode, Json<Cart>), Refusal> {
    let NewCart { sku, quantity } = read(body)?;
    let cart = lock(&demo.shop).create_cart(&user, &sku, quantity)?;
    Ok((StatusCode::CREATED, Json(cart)))
}

/// `POST /payments`: captures once per Idempotency-Key, then answers as the fault switch has it.
pub(super) async fn pay(
    State(demo): State<Demo>,
    Customer(user): Customer,
    headers: HeaderMap,
    body: Result<Json<PaymentRequest>, JsonRejection>,
) -> Result<Response, Refusal> {
    let request = read(body)?;
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let payment = lock(&demo.shop).pay(&user, key, request)?;
    let fault = *lock(&demo.fault);
    Ok(fault.answer(payment).await)
}

/// `GET /orders/{id}/delivery`.
pub(super) async fn delivery(
    State(demo): State<Demo>,
    Customer(user): Customer,
    Path(order): Path<String>,
) -> Result<Json<Delivery>, Refusal> {
    lock(&demo.shop).delivery(&user, &order).map(Json)
}

/// `DELETE /orders/{id}`.
pub(super) async fn cancel(
    State(demo): State<Demo>,
    Customer(user): Customer,
    Path(order): Path<String>,
) -> Result<StatusCode, Refusal> {
    lock(&demo.shop).cancel(&user, &order).map(|()| StatusCode::NO_CONTENT)
}

/// A body that cannot be read is 422, with the reason in the shop's own error shape.
fn read<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refusal> {
    body.map(|Json(body)| body).map_err(|rejection| Refusal::unprocessable(rejection.body_text()))
}
