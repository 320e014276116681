//! An answer for tests.

use std::time::Duration;

use bytes::Bytes;
use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::Value;

use super::Answer;
use crate::exchange::{Connection, Request, Response, Timing, TlsPeer};

/// A JSON answer with status 201 from a server that speaks TLS.
pub(crate) fn json(body: &Value) -> Answer {
    with_body("application/json; charset=utf-8", body.to_string())
}

/// The same with any body.
pub(crate) fn with_body(content_type: &str, body: impl Into<Bytes>) -> Answer {
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    let request = Request {
        method: "POST".to_owned(),
        url: "http://shop.example.com/orders".into(),
        headers: vec![("Idempotency-Key".to_owned(), "k1".to_owned())],
        secret_headers: Vec::new(),
        body: Bytes::from_static(br#"{"sku":"A"}"#),
        timeout: Duration::from_secs(10),
        follow_redirects: true,
        max_redirects: 10,
        max_body: 1024,
        cookies: true,
        connection: Connection::default(),
        digest: None,
    };
    let headers = [
        ("content-type", content_type),
        ("vary", "accept"),
        ("vary", "origin"),
        ("x-count", "42"),
        ("set-cookie", "session=old; Path=/"),
        ("set-cookie", "session=new; HttpOnly"),
    ];
    let response = Response {
        status: 201,
        http_version: "HTTP/2",
        url: "https://shop.example.com/orders/7".to_owned(),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect(),
        body: body.into(),
        timing: Timing {
            dns: Some(Duration::from_millis(3)),
            tls: Some(Duration::from_micros(12_345)),
            total: Duration::from_millis(1500),
            ..Timing::default()
        },
        peer: Some([192, 0, 2, 1].into()),
        redirects: 1,
        tls: Some(TlsPeer {
            version: Some("TLSv1.3".to_owned()),
            subject: "CN=shop.example.com".to_owned(),
            issuer: "CN=Example CA".to_owned(),
            expires_at: now + TimeDelta::days(20),
            verify_error: None,
        }),
    };
    Answer::new(request, response).received_at(now)
}
