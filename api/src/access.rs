//! Who may talk to us. Without accounts the boundary is the machine: programs on it may, web pages of others may not.
//!
//! A page reaches a loopback port in two ways. It asks for it by a name of its own that resolves to 127.0.0.1 (DNS
//! rebinding), which shows in `Host`; or it sends a request across origins, which shows in `Origin` or in the
//! browser's fetch metadata. curl and CI send neither of the latter.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    uri::Authority,
};

use crate::refusal::{Code, Refusal};

/// For answers that say nothing themselves: a page that embeds one gets nothing out of it.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Refuses other names and other origins, and puts the security headers on every answer.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn check(request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = host(request).filter(is_loopback).ok_or_else(|| {
        Refusal::new(Code::ForbiddenHost, "ask for it as localhost, 127.0.0.1 or [::1], with its port")
    })?;
    let foreign = |detail| Err(Refusal::new(Code::ForbiddenOrigin, detail));
    if let Some(origin) = headers.get(ORIGIN)
        && origin.as_bytes() != format!("http://{host}").as_bytes()
    {
        return foreign("the request comes from a page of another origin");
    }
    if is_embedded_elsewhere(request.method(), headers) {
        return foreign("the browser says that another site sends this request");
    }
    Ok(())
}

/// RFC 9112, section 3.2.2: an authority in the request line goes before `Host`. Two `Host` headers are none.
fn host(request: &Request) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let mut all = request.headers().get_all(HOST).iter();
    let (first, second) = (all.next()?, all.next());
    if second.is_some() {
        return None;
    }
    first.to_str().ok()?.parse().ok()
}

fn is_loopback(host: &Authority) -> bool {
    let name = host.host();
    let literal = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || literal.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Browsers leave `Origin` out of simple GETs (an image, a script); `Sec-Fetch-Site` tells those apart. Following a link
/// is fine.
fn is_embedded_elsewhere(method: &Method, headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    let elsewhere = matches!(value("sec-fetch-site"), b"cross-site" | b"same-site");
    let followed = *method == Method::GET && value("sec-fetch-mode") == b"navigate";
    elsewhere && !followed
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn refused(method: Method, uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Body::empty()).unwrap()).is_err()
    }

    fn get(headers: &[(&str, &str)]) -> bool {
        refused(Method::GET, "/v1/runs", headers)
    }

    #[test]
    fn only_loopback_names_are_answered() {
        for host in ["127.0.0.1:8080", "localhost:8080", "LocalHost", "[::1]:8080", "127.8.8.8"] {
            assert!(!get(&[("host", host)]), "{host}");
        }
        for host in
            ["attacker.example:8080", "127.0.0.1.attacker.example", "192.0.2.1", "[::2]:80", "", "a b"]
        {
            assert!(get(&[("host", host)]), "{host}");
        }
        assert!(get(&[]));
        assert!(get(&[("host", "localhost"), ("host", "attacker.example")]));
        assert!(refused(Method::GET, "http://attacker.example/v1/runs", &[("host", "localhost")]));
    }

    #[test]
    fn only_pages_of_the_same_origin_are_answered() {
        let from = |origin| get(&[("host", "127.0.0.1:8080"), ("origin", origin)]);
        assert!(!from("http://127.0.0.1:8080"));
        for origin in ["http://127.0.0.1:3000", "http://localhost:8080", "https://127.0.0.1:8080", "null"] {
            assert!(from(origin), "{origin}");
        }
    }

    #[test]
    fn what_another_site_embeds_is_refused_and_a_link_is_followed() {
        let host = ("host", "localhost:8080");
        let site = |site| ("sec-fetch-site", site);
        assert!(get(&[host, site("cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(get(&[host, site("same-site"), ("sec-fetch-mode", "cors")]));
        assert!(!get(&[host, site("same-origin"), ("sec-fetch-mode", "cors")]));
        assert!(!get(&[host, site("none"), ("sec-fetch-mode", "navigate")]));
        let link = [host, site("cross-site"), ("sec-fetch-mode", "navigate")];
        assert!(!get(&link));
        assert!(refused(Method::POST, "/v1/monitors/m/run", &link));
    }
}
