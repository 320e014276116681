//! Connections as a step wants them: certificates, versions of HTTP and IP, given addresses.

use domain::{
    exchange::{Connection, HttpVersion, Identity, IpFamily, Request},
    outcome::ReasonCode,
};

use super::{
    AUTHORITY,
    authority::{Authority, Certificate},
    get, names, outbound,
    server::Server,
    with,
};

fn over(connection: Connection, url: String) -> Request {
    Request { connection, ..get(url) }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_instead_of_the_systems() {
    let private = Authority::new("Another Authority");
    let server = Server::tls_by(&private, Certificate::For("a.test"), &[b"http/1.1"]).await;
    let public = Server::tls(Certificate::For("a.test")).await;
    let own = Connection { ca: Some(private.pem.clone()), ..Connection::default() };
    let mut session = outbound().session();

    let trusted = over(own.clone(), server.named("https", "a.test", "/ok"));
    let peer = session.send(&trusted).await.unwrap().tls.unwrap();
    assert_eq!(peer.verify_error, None);
    let untrusted = session.send(&get(server.named("https", "a.test", "/ok"))).await.unwrap_err();
    assert_eq!(untrusted.code, ReasonCode::Tls, "the connection of the other kind is not used");
    let others = session.send(&over(own, public.named("https", "a.test", "/ok"))).await.unwrap_err();
    assert_eq!(others.message, "the certificate was issued by nobody that this system trusts");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_wants_one() {
    let server = Server::mutual_tls("a.test").await;
    let (certificates, key) = AUTHORITY.client("a monitor");
    let with_identity = |certificates: &str, key: &str| {
        let identity = Identity { certificates: certificates.to_owned(), key: key.to_owned() };
        let connection = Connection { identity: Some(identity), ..Connection::default() };
        over(connection, server.named("https", "a.test", "/ok"))
    };
    let mut session = outbound().session();
    let response = session.send(&with_identity(&certificates, &key)).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, b"ok".as_slice()));

    let without = session.send(&get(server.named("https", "a.test", "/ok"))).await.unwrap_err();
    assert_eq!(without.code, ReasonCode::Tls);
    assert_eq!(without.message, "the server wants a client certificate (`tls.client_cert`)");

    let (strange, strange_key) = Authority::new("Another Authority").client("somebody");
    let refused = session.send(&with_identity(&strange, &strange_key)).await.unwrap_err();
    assert_eq!(refused.code, ReasonCode::Tls);
    assert!(
        refused.message.starts_with("the server refused our client certificate: "),
        "{}",
        refused.message
    );

    let mixed = session.send(&with_identity(&certificates, &strange_key)).await.unwrap_err();
    assert_eq!(mixed.code, ReasonCode::ReferenceInvalid);
    assert_eq!(
        mixed.message,
        "`tls.client_key` is not the key of the first certificate in `tls.client_cert`"
    );
}

#[tokio::test]
async fn the_version_of_http_is_negotiated_or_chosen() {
    let either = Server::tls_by(&AUTHORITY, Certificate::For("a.test"), &[b"h2", b"http/1.1"]).await;
    let only = |http_version| Connection { http_version, ..Connection::default() };
    let mut session = outbound().session();
    let first = over(only(HttpVersion::Http1), either.named("https", "a.test", "/ok"));
    assert_eq!(session.send(&first).await.unwrap().http_version, "HTTP/1.1");

    let old = Server::tls(Certificate::For("a.test")).await;
    let second = over(only(HttpVersion::Http2), old.named("https", "a.test", "/ok"));
    let failure = session.send(&second).await.unwrap_err();
    assert_eq!(failure.code, ReasonCode::Tls);
    assert_eq!(failure.message, "the server does not speak the version of HTTP that is asked for");

    let new = Server::http2("a.test").await;
    let second = over(only(HttpVersion::Http2), new.named("https", "a.test", "/"));
    assert_eq!(session.send(&second).await.unwrap().http_version, "HTTP/2");
}

#[tokio::test]
async fn http2_without_tls_is_spoken_at_once_when_it_is_chosen() {
    let server = Server::h2c().await;
    let chosen = Connection { http_version: HttpVersion::Http2, ..Connection::default() };
    let mut session = outbound().session();
    let response = session.send(&over(chosen.clone(), server.url("/"))).await.unwrap();
    assert_eq!((response.http_version, &*response.body), ("HTTP/2", b"h2c".as_slice()));
    let again = session.send(&over(chosen.clone(), server.url("/"))).await.unwrap();
    assert_eq!(again.timing.connect, None, "the connection is used again");

    let old = Server::plain().await;
    let failure = session.send(&over(chosen, old.url("/ok"))).await.unwrap_err();
    assert_eq!(failure.code, ReasonCode::Protocol, "{}", failure.message);
}

#[tokio::test]
async fn a_given_address_stands_for_its_name_and_is_judged_like_any() {
    let server = Server::plain().await;
    let given = |address: [u8; 4]| Connection {
        resolve: vec![("nowhere.example".to_owned(), address.into())],
        ..Connection::default()
    };
    let mut session = outbound().session();
    let url = server.named("http", "NoWhere.Example", "/ok");
    let response = session.send(&over(given([127, 0, 0, 1]), url.clone())).await.unwrap();
    assert_eq!((response.status, response.peer), (200, Some([127, 0, 0, 1].into())));
    assert!(server.last().contains(&format!("host: nowhere.example:{}\r\n", server.address.port())));

    let denied = session.send(&over(given([10, 0, 0, 1]), url.clone())).await.unwrap_err();
    assert_eq!(denied.code, ReasonCode::AddressDenied);
    let unknown = session.send(&get(url)).await.unwrap_err();
    assert_eq!(unknown.code, ReasonCode::Dns, "what one step is given is not another's");
}

#[tokio::test]
async fn a_version_of_ip_is_all_that_is_used() {
    let server = Server::plain().await;
    let lookup = names(|_| vec!["::1".parse().unwrap(), [127, 0, 0, 1].into()]);
    let outbound = with(&["127.0.0.0/8", "::1/128"], lookup);
    let only = |ip_family| Connection { ip_family, ..Connection::default() };
    let mut session = outbound.session();
    let named = server.named("http", "a.test", "/ok");
    let fourth = session.send(&over(only(IpFamily::V4), named.clone())).await.unwrap();
    assert_eq!(fourth.peer, Some([127, 0, 0, 1].into()));
    let sixth = session.send(&over(only(IpFamily::V6), named)).await.unwrap_err();
    assert_eq!(sixth.code, ReasonCode::Connect, "{}", sixth.message);

    let literal = session.send(&over(only(IpFamily::V6), server.url("/ok"))).await.unwrap_err();
    assert_eq!(literal.message, "127.0.0.1 is not an IPv6 address");
    let none = super::outbound().session();
    let mut session = none;
    let absent =
        session.send(&over(only(IpFamily::V6), server.named("http", "a.test", "/"))).await.unwrap_err();
    assert_eq!((absent.code, &*absent.message), (ReasonCode::Dns, "the name `a.test` has no IPv6 address"));
}

#[tokio::test]
async fn steps_that_agree_share_a_connection() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    let chosen = Connection { http_version: HttpVersion::Http1, ..Connection::default() };
    for _ in 0..3 {
        session.send(&over(chosen.clone(), server.url("/ok"))).await.unwrap();
        session.send(&get(server.url("/ok"))).await.unwrap();
    }
    assert_eq!(server.connections(), 2);
}
