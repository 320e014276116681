//! From the table to something that answers: routes, and around them what holds for every request.

use std::{any::Any, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::Uri;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use crate::{
    Api, access, extract, pages,
    refusal::{Code, Refusal},
    routes,
};

/// No answer takes longer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that the API answers.
pub fn router(api: Api) -> Router {
    let mut router = Router::new();
    for operation in routes::table() {
        let (path, route) = operation.into_route();
        router = router.route(&path, route);
    }
    guarded(router.merge(pages::routes())).with_state(api)
}

/// What holds for every request, whatever it asks for.
fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(extract::MAX_BODY))
        .layer(middleware::from_fn(timeout))
        .layer(middleware::from_fn(access::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
}

async fn unknown_path(uri: Uri) -> Refusal {
    Refusal::new(Code::UnknownPath, format!("`{}` is not a path of this API: see /openapi.json", uri.path()))
}

async fn method_not_allowed(request: Request) -> Refusal {
    Refusal::new(
        Code::MethodNotAllowed,
        format!("`{}` cannot be done at `{}`; `Allow` says what can", request.method(), request.uri().path()),
    )
}

async fn timeout(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("a request took longer than {} s and was given up", TIMEOUT.as_secs());
            Refusal::new(Code::TimedOut, format!("there was no answer within {} s", TIMEOUT.as_secs()))
                .into_response()
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message");
    tracing::error!(panic = text, "a request panicked");
    Refusal::internal().into_response()
}

/// The template of the path, not the path: ids belong into fields, and a query may hold anything.
fn span(request: &Request) -> tracing::Span {
    let path = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    tracing::info_span!("api.request", method = %request.method(), path)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    async fn answer(path: &str) -> (StatusCode, String) {
        let broken = async || -> StatusCode { panic!("hunter2") };
        let router =
            Router::new().route("/broken", get(broken)).route("/hangs", get(std::future::pending::<()>));
        let request = Request::builder().uri(path).header("host", "localhost").body(Body::empty()).unwrap();
        let response = guarded(router).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_says_nothing_of_the_inside() {
        let (status, body) = answer("/broken").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("\"code\":\"internal\"") && !body.contains("hunter2"), "{body}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_hangs_is_given_up() {
        let (status, body) = answer("/hangs").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("\"code\":\"timed_out\""), "{body}");
    }
}
