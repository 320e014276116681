//! Lets pages of this machine use the fault switch and the sink: the API's start page is of another origin than the
//! shop. The shop itself stays closed to pages.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN,
            VARY,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The Fetch standard, section "CORS protocol"; a preflight is answered here.
pub(super) async fn allow_local_pages(request: Request, next: Next) -> Response {
    let origin = local_origin(request.headers());
    let preflight = *request.method() == Method::OPTIONS && origin.is_some();
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, PUT, DELETE"));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
        }
    }
    response
}

fn local_origin(headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let uri: Uri = origin.to_str().ok()?.parse().ok()?;
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    local.then(|| origin.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_are_local() {
        let local = |origin: &'static str| {
            local_origin(&HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))])).is_some()
        };
        for origin in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert!(local(origin), "{origin}");
        }
        for origin in ["https://attacker.example", "http://127.0.0.1.attacker.example", "null", ""] {
            assert!(!local(origin), "{origin}");
        }
        assert!(local_origin(&HeaderMap::new()).is_none());
    }
}
