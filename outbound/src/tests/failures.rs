//! Targets that do not answer, or answer what nobody can use: a code, a sentence, and what was measured until then.

use std::{sync::Arc, time::Duration};

use domain::{exchange::Failure, outcome::ReasonCode};
use futures_util::FutureExt as _;

use super::{authority::Certificate, get, header, outbound, server::Server, with};
use crate::resolver::Lookup;

async fn failure(server: &Server, path: &str) -> Failure {
    outbound().session().send(&get(server.url(path))).await.unwrap_err()
}

/// Fails by time-out, and soon.
async fn timed_out(url: String) -> Failure {
    let mut request = get(url);
    request.timeout = Duration::from_millis(200);
    request.max_redirects = 100;
    let sending = async { outbound().session().send(&request).await };
    let failure = tokio::time::timeout(Duration::from_secs(5), sending).await.expect("in time").unwrap_err();
    assert_eq!(failure.code, ReasonCode::Timeout);
    assert!(failure.timing.total >= request.timeout, "{:?}", failure.timing);
    failure
}

#[tokio::test]
async fn timeout_covers_headers_body_and_all_redirects() {
    let server = Server::plain().await;
    let silent = timed_out(server.url("/silent")).await;
    assert_eq!(silent.message, "no complete answer within 200ms: the response headers were not complete");
    assert_eq!(silent.peer, Some(server.address.ip()));
    assert!(silent.timing.connect.is_some() && silent.timing.first_byte.is_some());

    let drip = timed_out(server.url("/drip")).await;
    assert!(
        drip.message.starts_with("no complete answer within 200ms: the body was not complete after "),
        "{drip:?}"
    );
    assert!(drip.timing.download.is_some());

    timed_out(server.url("/drip-redirects")).await;
    assert!(server.requests().iter().filter(|request| request.contains("/drip-redirects")).count() > 1);
}

#[tokio::test]
async fn timeout_covers_the_resolver() {
    let stuck: Lookup = Arc::new(|_| std::future::pending().boxed());
    let mut request = get("http://a.test/");
    request.timeout = Duration::from_millis(50);
    let failure = with(&[], stuck).session().send(&request).await.unwrap_err();
    assert_eq!(failure.message, "no complete answer within 50ms: `a.test` was not resolved");
    assert!(failure.timing.dns.unwrap() > Duration::from_millis(10), "{:?}", failure.timing);
    assert_eq!((failure.timing.connect, failure.timing.first_byte), (None, None));
}

#[tokio::test]
async fn session_goes_on_after_a_timeout_on_a_new_connection() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    session.send(&get(server.url("/ok"))).await.unwrap();
    let mut silent = get(server.url("/silent"));
    silent.timeout = Duration::from_millis(50);
    assert!(session.send(&silent).await.unwrap_err().timing.connect.is_none(), "reused");
    let after = session.send(&get(server.url("/ok"))).await.unwrap();
    assert_eq!((&*after.body, after.timing.connect.is_some()), (b"ok".as_slice(), true));
}

#[tokio::test]
async fn timeout_covers_the_tls_handshake() {
    let server = Server::mute().await;
    let failure = timed_out(server.named("https", "a.test", "/")).await;
    assert_eq!(failure.message, "no complete answer within 200ms: the TLS handshake was not complete");
    assert!(failure.timing.tls.unwrap() > Duration::from_millis(10), "{:?}", failure.timing);
    assert_eq!(failure.timing.first_byte, None);
}

#[tokio::test]
async fn endless_body_is_read_up_to_the_cap() {
    let server = Server::plain().await;
    let failure = failure(&server, "/endless").await;
    assert_eq!(
        (failure.code, &*failure.message),
        (ReasonCode::BodyTooLarge, "the body is larger than 1048576 bytes")
    );
    server.closed().await;
    // What was read, and what the kernel's socket buffers took.
    assert!(server.sent() < 32 * 1024 * 1024, "{} bytes were sent", server.sent());
}

#[tokio::test]
async fn cap_is_on_decompressed_bytes_and_on_announced_ones() {
    let server = Server::plain().await;
    assert_eq!(failure(&server, "/bomb").await.code, ReasonCode::BodyTooLarge);
    assert_eq!(failure(&server, "/announced").await.code, ReasonCode::BodyTooLarge);
    let mut request = get(server.url("/gzip"));
    request.max_body = 5;
    assert_eq!(outbound().session().send(&request).await.unwrap().body.len(), 5);
    request.max_body = 4;
    assert_eq!(outbound().session().send(&request).await.unwrap_err().code, ReasonCode::BodyTooLarge);
}

#[tokio::test]
async fn headers_beyond_the_cap_are_refused() {
    let server = Server::plain().await;
    let hundred = outbound().session().send(&get(server.url("/many-headers?100"))).await.unwrap();
    assert_eq!(hundred.headers.len(), 100);
    for more in ["/many-headers?101", "/many-headers?5000"] {
        assert_eq!(failure(&server, more).await.code, ReasonCode::HeadersTooLarge);
    }
    assert_eq!(failure(&server, "/long-header").await.code, ReasonCode::HeadersTooLarge);
}

#[tokio::test]
async fn broken_answers_have_a_code_each() {
    let server = Server::plain().await;
    for (path, code, message) in [
        (
            "/hang-up",
            ReasonCode::ConnectionLost,
            "the connection was closed before the response headers were complete",
        ),
        ("/cut", ReasonCode::ConnectionLost, "the connection was closed before the body was complete"),
        ("/garbage", ReasonCode::Protocol, "what the server answered is not valid HTTP"),
        ("/bad-chunk", ReasonCode::Protocol, "what the server answered is not valid HTTP"),
        ("/bad-gzip", ReasonCode::BadEncoding, "the body is not what its `Content-Encoding` says"),
        ("/short-gzip", ReasonCode::BadEncoding, "the body is not what its `Content-Encoding` says"),
    ] {
        let failure = failure(&server, path).await;
        assert_eq!((failure.code, &*failure.message), (code, message), "{path}");
        assert_eq!(failure.peer, Some(server.address.ip()), "{path}");
    }
}

#[tokio::test]
async fn refused_connection_names_the_address() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut session = outbound().session();
    let failure = session.send(&get(format!("http://127.0.0.1:{port}/"))).await.unwrap_err();
    assert_eq!(failure.code, ReasonCode::Connect);
    assert_eq!(failure.message, format!("connection refused by 127.0.0.1:{port}"));
    let failure = session.send(&get(format!("http://a.test:{port}/"))).await.unwrap_err();
    assert_eq!(failure.message, format!("connection refused by a.test:{port} (127.0.0.1)"));
    assert!(
        failure.timing.dns.is_some()
            && failure.timing.connect.is_some()
            && failure.timing.first_byte.is_none()
    );
}

#[tokio::test]
async fn unknown_name_is_a_dns_failure() {
    let failure = outbound().session().send(&get("http://nowhere.invalid/")).await.unwrap_err();
    assert_eq!(
        (failure.code, &*failure.message),
        (ReasonCode::Dns, "the name `nowhere.invalid` does not resolve")
    );
    assert!(failure.timing.dns.is_some() && failure.timing.connect.is_none() && failure.peer.is_none());
}

#[tokio::test]
async fn requests_that_cannot_be_sent_are_refused_without_a_connection() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    for url in ["", "no scheme", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "http://a.test:99999/"]
    {
        assert_eq!(session.send(&get(url)).await.unwrap_err().code, ReasonCode::BadUrl, "{url}");
    }
    for (name, value) in [("x y", "1"), ("x", "1\r\nhost: evil"), ("x", "a\0b")] {
        let mut request = get(server.url("/ok"));
        request.headers = vec![header(name, value)];
        assert_eq!(session.send(&request).await.unwrap_err().code, ReasonCode::ReferenceInvalid, "{name}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn failure_on_a_new_connection_has_no_certificate_of_an_older_one() {
    let mut server = Server::tls(Certificate::For("a.test")).await;
    let mut session = outbound().session();
    let port = server.address.port();
    let url = |path: &str| format!("https://a.test:{port}{path}");
    session.send(&get(url("/ok"))).await.unwrap();
    let reused = session.send(&get(url("/hang-up"))).await.unwrap_err();
    assert!(reused.timing.connect.is_none() && reused.tls.is_some(), "{reused:?}");
    server.refuse().await;
    let refused = session.send(&get(url("/ok"))).await.unwrap_err();
    assert_eq!((refused.code, refused.tls), (ReasonCode::Connect, None));
}
