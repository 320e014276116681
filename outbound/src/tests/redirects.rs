//! The redirect loop, hop by hop.

use domain::outcome::ReasonCode;

use super::{get, header, outbound, server::Server};

#[tokio::test]
async fn method_and_body_follow_rfc_9110() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    for (status, method, expected) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "PATCH", "PATCH"),
    ] {
        let mut request = get(server.url(&format!("/redirect?{status}&/echo")));
        request.method = method.to_owned();
        request.headers = vec![header("Content-Type", "text/plain"), header("X-Kept", "1")];
        request.body = "payload".into();
        let response = session.send(&request).await.unwrap();
        assert_eq!((response.redirects, &*response.url), (1, &*server.url("/echo")), "{status} {method}");
        let second = server.last();
        assert!(second.starts_with(&format!("{expected} /echo ")), "{status} {method}: {second}");
        assert!(second.contains("x-kept: 1\r\n"), "{status} {method}: {second}");
        let kept = method == expected;
        assert_eq!(second.ends_with("payload"), kept, "{status} {method}: {second}");
        assert_eq!(second.contains("content-type: text/plain"), kept, "{status} {method}: {second}");
    }
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let (server, other) = (Server::plain().await, Server::plain().await);
    let mut request = get(server.url("/redirect?307&/echo"));
    request.headers = vec![
        header("Authorization", "Bearer t"),
        header("Cookie", "c=1"),
        header("X-Api-Key", "k"),
        header("X-Open", "o"),
    ];
    request.secret_headers = vec!["x-api-key".to_owned()];

    outbound().session().send(&request).await.unwrap();
    for kept in
        ["authorization: Bearer t\r\n", "cookie: c=1; hop=307\r\n", "x-api-key: k\r\n", "x-open: o\r\n"]
    {
        assert!(server.last().contains(kept), "{kept} is in {}", server.last());
    }

    for elsewhere in [other.url("/echo"), other.named("http", "other.test", "/echo")] {
        request.url = server.url(&format!("/redirect?307&{elsewhere}")).into();
        outbound().session().send(&request).await.unwrap();
        let sent = other.last();
        assert!(sent.contains("x-open: o\r\n"), "{sent}");
        for dropped in ["authorization", "c=1", "x-api-key"] {
            assert!(!sent.contains(dropped), "{dropped} is not in {sent}");
        }
    }
}

#[tokio::test]
async fn user_information_of_a_location_is_ignored() {
    let server = Server::plain().await;
    let url = server.url(&format!("/redirect?302&http://evil:pw@{}/ok", server.address));
    let response = outbound().session().send(&get(url)).await.unwrap();
    assert_eq!(response.url, server.url("/ok"));
    assert!(!server.last().contains("authorization"), "{}", server.last());
}

#[tokio::test]
async fn redirects_are_counted_and_end() {
    let server = Server::plain().await;
    let mut request = get(server.url("/redirect?302&/redirect?302&/ok"));
    request.max_redirects = 2;
    assert_eq!(outbound().session().send(&request).await.unwrap().redirects, 2);
    request.max_redirects = 1;
    let failure = outbound().session().send(&request).await.unwrap_err();
    assert_eq!(
        (failure.code, &*failure.message),
        (ReasonCode::TooManyRedirects, "redirected once more after 1 redirects")
    );
}

#[tokio::test]
async fn redirect_is_the_answer_when_it_is_not_followed() {
    let server = Server::plain().await;
    let mut request = get(server.url("/redirect?302&http://169.254.169.254/"));
    request.follow_redirects = false;
    let response = outbound().session().send(&request).await.unwrap();
    assert_eq!((response.status, response.redirects), (302, 0));
    assert_eq!(response.header("Location").as_deref(), Some("http://169.254.169.254/"));
}

#[tokio::test]
async fn unusable_location_is_a_bad_redirect() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    for path in [
        "/no-location",
        "/redirect?302&ftp://127.0.0.1/",
        "/redirect?302&http://",
        "/redirect?302&file:///etc/passwd",
    ] {
        let failure = session.send(&get(server.url(path))).await.unwrap_err();
        assert_eq!(failure.code, ReasonCode::BadRedirect, "{path}: {}", failure.message);
    }
}

#[tokio::test]
async fn fragment_survives_a_redirect() {
    let server = Server::plain().await;
    let response = outbound().session().send(&get(server.url("/redirect?302&/ok#part"))).await.unwrap();
    assert_eq!(response.url, server.url("/ok#part"));
}
