//! Certificates: what is known of them, also when they do not verify.

use domain::outcome::ReasonCode;

use super::{authority::Certificate, get, outbound, server::Server};
use crate::{Config, Outbound};

#[tokio::test]
async fn the_systems_roots_are_read_when_tls_needs_them_first() {
    let (plain, secure) = (Server::plain().await, Server::tls(Certificate::For("a.test")).await);
    let outbound = Outbound::new(Config { allow: vec!["127.0.0.0/8".parse().unwrap()] });
    outbound.session().send(&get(plain.url("/ok"))).await.unwrap();
    assert!(outbound.shared.tls.get().is_none());
    // Nobody answers for the test's authority here.
    let failure = outbound.session().send(&get(secure.named("https", "127.0.0.1", "/ok"))).await.unwrap_err();
    assert_eq!(failure.code, ReasonCode::Tls);
    assert!(outbound.shared.tls.get().is_some());
}

#[tokio::test]
async fn certificate_is_known_also_on_a_reused_connection() {
    let server = Server::tls(Certificate::For("a.test")).await;
    let mut session = outbound().session();
    let first = session.send(&get(server.named("https", "a.test", "/ok"))).await.unwrap();
    let peer = first.tls.expect("a handshake was made");
    assert_eq!((&*peer.subject, peer.version.as_deref()), ("CN=a.test", Some("TLSv1.3")));
    assert!(peer.issuer.contains("Test Authority"), "{}", peer.issuer);
    assert_eq!(
        (peer.expires_at.to_rfc3339().as_str(), &peer.verify_error),
        ("2100-01-15T00:00:00+00:00", &None)
    );
    assert!(first.timing.tls.is_some() && first.timing.connect.is_some());

    let second = session.send(&get(server.named("https", "a.test", "/ok"))).await.unwrap();
    assert_eq!((second.timing.tls, second.tls), (None, Some(peer)));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn certificates_that_do_not_verify_say_why() {
    for (certificate, message) in [
        (Certificate::Expired("a.test"), "the certificate has expired on 2024-01-15"),
        (Certificate::For("b.test"), "the certificate is not for `a.test`"),
        (Certificate::SelfSigned("a.test"), "the certificate was issued by nobody that this system trusts"),
    ] {
        let server = Server::tls(certificate).await;
        let mut session = outbound().session();
        let mut request = get(server.named("https", "a.test", "/ok"));
        let failure = session.send(&request).await.unwrap_err();
        assert_eq!((failure.code, &*failure.message), (ReasonCode::Tls, message));
        assert_eq!(failure.tls.unwrap().verify_error.as_deref(), Some(message));
        assert!(failure.timing.tls.is_some());
        assert_eq!(failure.peer, Some(server.address.ip()));

        request.connection.accept_invalid_certificates = true;
        let response = session.send(&request).await.unwrap();
        assert_eq!(response.tls.unwrap().verify_error.as_deref(), Some(message));

        request.connection.accept_invalid_certificates = false;
        assert_eq!(
            session.send(&request).await.unwrap_err().code,
            ReasonCode::Tls,
            "the other pool is not used"
        );
    }
}

#[tokio::test]
async fn plain_server_on_a_tls_port_is_a_tls_failure() {
    let server = Server::plain().await;
    let failure =
        outbound().session().send(&get(server.named("https", "a.test", "/garbage"))).await.unwrap_err();
    assert_eq!(failure.code, ReasonCode::Tls, "{}", failure.message);
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_does() {
    let server = Server::http2("a.test").await;
    let mut session = outbound().session();
    let first = session.send(&get(server.named("https", "a.test", "/"))).await.unwrap();
    assert_eq!((first.http_version, &*first.body), ("HTTP/2", b"h2".as_slice()));
    let second = session.send(&get(server.named("https", "a.test", "/"))).await.unwrap();
    assert_eq!((second.timing.connect, second.tls), (None, first.tls));
}

#[tokio::test]
async fn connection_closed_during_the_handshake_is_a_tls_failure() {
    let server = Server::abrupt().await;
    let failure = outbound().session().send(&get(server.named("https", "a.test", "/"))).await.unwrap_err();
    assert_eq!(failure.code, ReasonCode::Tls);
    assert_eq!(failure.message, "the connection was closed during the TLS handshake");
    assert_eq!((failure.tls, failure.timing.first_byte), (None, None));
}

#[tokio::test]
async fn http2_failures_have_codes_too() {
    let server = Server::http2("a.test").await;
    let mut session = outbound().session();
    let reset = session.send(&get(server.named("https", "a.test", "/reset"))).await.unwrap_err();
    assert_eq!(reset.code, ReasonCode::ConnectionLost);
    assert!(reset.message.starts_with("the server ended the HTTP/2 exchange: "), "{}", reset.message);
    assert!(reset.tls.is_some());
    let large = session.send(&get(server.named("https", "a.test", "/large"))).await.unwrap_err();
    assert_eq!(large.code, ReasonCode::Protocol, "{}", large.message);
}
