//! The start page, and the two files that it needs. It is a client of the public API and of nothing else, apart from
//! the demo shop, which answers it from an origin of its own.

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::Api;

const PAGE: &str = include_str!("index.html");
const STYLE: &str = include_str!("style.css");
/// Modules, by what each shows.
const SCRIPTS: [(&str, &str); 4] = [
    ("/assets/app.js", include_str!("app.js")),
    ("/assets/dom.js", include_str!("dom.js")),
    ("/assets/run.js", include_str!("run.js")),
    ("/assets/demo.js", include_str!("demo.js")),
];

/// The paths that browsers ask for.
pub(crate) fn routes() -> Router<Api> {
    let mut router = Router::new()
        .route("/", get(start))
        // What notifications link to: the same page, with that run in view.
        .route("/runs/{id}", get(start))
        .route("/assets/style.css", get(style));
    for (path, script) in SCRIPTS {
        let answer = async move || ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], script);
        router = router.route(path, get(answer));
    }
    router
}

async fn start(State(api): State<Api>) -> Response {
    let demo = api.demo_url.as_ref().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let page = PAGE.replace("{{demo}}", &demo).replace("{{version}}", api.version);
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (CONTENT_SECURITY_POLICY, policy(&demo))];
    (headers, page).into_response()
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// Nothing but our own files, and requests to ourselves and to the demo shop.
fn policy(demo: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {demo}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
