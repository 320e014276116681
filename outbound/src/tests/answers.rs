//! What comes back when the target behaves.

use std::time::Duration;

use super::{get, header, outbound, server::Server};

const TICK: Duration = Duration::from_millis(60);

#[tokio::test]
async fn phases_are_measured_and_a_reused_connection_has_no_connect() {
    let server = Server::plain().await;
    let mut session = outbound().session();

    let first = session.send(&get(server.named("http", "a.test", "/slow"))).await.unwrap();
    assert_eq!((first.status, first.http_version, &*first.body), (200, "HTTP/1.1", b"slow".as_slice()));
    assert_eq!(first.peer, Some(server.address.ip()));
    let timing = first.timing;
    assert!(timing.dns.is_some() && timing.connect.is_some() && timing.tls.is_none(), "{timing:?}");
    assert!(timing.first_byte.unwrap() >= TICK && timing.download.unwrap() >= TICK, "{timing:?}");
    let phases =
        timing.dns.unwrap() + timing.connect.unwrap() + timing.first_byte.unwrap() + timing.download.unwrap();
    assert!(timing.total >= phases && timing.total < phases + 5 * TICK, "{timing:?}");

    let second = session.send(&get(server.named("http", "a.test", "/slow"))).await.unwrap();
    assert_eq!((second.timing.dns, second.timing.connect, second.timing.tls), (None, None, None));
    assert!(second.timing.first_byte.unwrap() >= TICK && second.timing.download.unwrap() >= TICK);
    assert_eq!((second.peer, server.connections()), (Some(server.address.ip()), 1));
}

#[tokio::test]
async fn connections_are_never_shared_between_sessions_and_close_with_theirs() {
    let server = Server::plain().await;
    let outbound = outbound();
    let mut session = outbound.session();
    session.send(&get(server.url("/ok"))).await.unwrap();
    outbound.session().send(&get(server.url("/ok"))).await.unwrap();
    assert_eq!(server.connections(), 2);
    server.closed().await;
    drop(session);
    server.closed().await;
}

#[tokio::test]
async fn only_the_documented_headers_are_added() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    session.send(&get(server.url("/ok"))).await.unwrap();
    let mut names: Vec<String> =
        server.last().lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect();
    names.sort();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
    assert!(server.last().contains("accept: */*\r\n"));
    assert!(server.last().contains(concat!("user-agent: skopos/", env!("CARGO_PKG_VERSION"), "\r\n")));
}

#[tokio::test]
async fn headers_of_the_request_win_and_repeat() {
    let server = Server::plain().await;
    let mut request = get(server.url("/ok"));
    request.headers = vec![
        header("User-Agent", "mine"),
        header("Accept", "text/plain"),
        header("X-Twice", "1"),
        header("X-Twice", "2"),
        header("Content-Length", "999"),
    ];
    outbound().session().send(&request).await.unwrap();
    let sent = server.last();
    for line in ["user-agent: mine\r\n", "accept: text/plain\r\n", "x-twice: 1\r\nx-twice: 2\r\n"] {
        assert!(sent.contains(line), "{line} is in {sent}");
    }
    assert!(!sent.contains("content-length") && !sent.contains("skopos/"), "{sent}");
}

#[tokio::test]
async fn user_information_of_the_url_becomes_basic_authentication() {
    let server = Server::plain().await;
    let url = format!("http://me:p%40ss@{}/ok", server.address);
    let response = outbound().session().send(&get(url)).await.unwrap();
    assert!(server.last().contains("authorization: Basic bWU6cEBzcw==\r\n"), "{}", server.last());
    assert_eq!(response.url, server.url("/ok"));
}

#[tokio::test]
async fn cookies_live_in_the_session_and_only_when_asked_for() {
    let server = Server::plain().await;
    let outbound = outbound();
    let mut session = outbound.session();
    let without = |path| {
        let mut request = get(server.url(path));
        request.cookies = false;
        request
    };

    session.send(&without("/cookie")).await.unwrap();
    session.send(&get(server.url("/ok"))).await.unwrap();
    assert!(!server.last().contains("cookie:"), "not stored: {}", server.last());

    session.send(&get(server.url("/cookie"))).await.unwrap();
    session.send(&without("/ok")).await.unwrap();
    assert!(!server.last().contains("cookie:"), "not sent: {}", server.last());

    let mut request = get(server.url("/ok"));
    request.headers = vec![header("Cookie", "mine=1")];
    session.send(&request).await.unwrap();
    assert!(server.last().contains("cookie: mine=1; "), "{}", server.last());
    assert!(server.last().contains("session=s1") && server.last().contains("other=o"), "{}", server.last());

    outbound.session().send(&get(server.url("/ok"))).await.unwrap();
    assert!(!server.last().contains("cookie:"), "another run: {}", server.last());
}

#[tokio::test]
async fn bodies_are_decompressed_and_empty_ones_stay_empty() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    assert_eq!(&*session.send(&get(server.url("/gzip"))).await.unwrap().body, b"hello");
    assert_eq!(&*session.send(&get(server.url("/empty-gzip"))).await.unwrap().body, b"");
    let mut head = get(server.url("/head-gzip"));
    head.method = "HEAD".to_owned();
    assert_eq!(&*session.send(&head).await.unwrap().body, b"");
}
