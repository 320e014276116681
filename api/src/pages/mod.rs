//! The start page.
use crate::Api;
use axum::Router;
pub(crate) fn routes() -> Router<Api> {
    Router::new()
}
