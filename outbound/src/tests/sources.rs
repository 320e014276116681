//! Every source of assertions that is not in headers or body, read from answers of real servers.

use chrono::{TimeDelta, Utc};
use domain::{
    answer::Answer,
    exchange::{Connection, Request},
    reference::Path,
};
use serde_json::{Value, json};

use super::{authority::Certificate, get, outbound, server::Server};

/// The answer to a request, as assertions see it half an hour before the year 2100.
async fn ask(request: Request) -> Answer {
    let response = outbound().session().send(&request).await.unwrap();
    let now = "2099-12-31T23:30:00Z".parse::<chrono::DateTime<Utc>>().unwrap();
    Answer::new(request, response).received_at(now)
}

fn read(answer: &Answer, source: &str) -> Value {
    answer
        .find(&Path::parse(source).unwrap())
        .unwrap_or_else(|missing| panic!("{source}: {missing}"))
        .into_owned()
}

#[tokio::test]
async fn what_the_handshake_showed_is_there() {
    let server = Server::tls(Certificate::For("a.test")).await;
    let answer = ask(get(server.named("https", "a.test", "/ok"))).await;
    let until = TimeDelta::days(14) + TimeDelta::minutes(30);
    for (source, expected) in [
        ("tls.version", json!("TLSv1.3")),
        ("tls.subject", json!("CN=a.test")),
        ("tls.valid", json!(true)),
        ("tls.expires_in", json!(until.num_milliseconds())),
        ("http.version", json!("1.1")),
        ("ip", json!("127.0.0.1")),
        ("url", json!(server.named("https", "a.test", "/ok"))),
        ("size", json!(2)),
        ("redirects", json!(0)),
        ("status", json!(200)),
    ] {
        assert_eq!(read(&answer, source), expected, "{source}");
    }
    assert!(read(&answer, "tls.issuer").as_str().unwrap().contains("Test Authority"));

    let server = Server::tls(Certificate::Expired("a.test")).await;
    let connection = Connection { accept_invalid_certificates: true, ..Connection::default() };
    let answer = ask(Request { connection, ..get(server.named("https", "a.test", "/ok")) }).await;
    assert_eq!(read(&answer, "tls.valid"), json!(false));
    assert!(read(&answer, "tls.expires_in").as_i64().unwrap() < 0);

    let server = Server::http2("a.test").await;
    let answer = ask(get(server.named("https", "a.test", "/"))).await;
    assert_eq!(read(&answer, "http.version"), json!("2"));
}

#[tokio::test]
async fn phases_are_there_and_add_up() {
    let server = Server::tls(Certificate::For("a.test")).await;
    let answer = ask(get(server.named("https", "a.test", "/slow"))).await;
    let phases = ["dns", "connect", "tls", "first_byte", "download"];
    let read = |phase: &str| read(&answer, &format!("timing.{phase}")).as_f64().unwrap();
    let sum: f64 = phases.into_iter().map(read).sum();
    assert!(phases.into_iter().all(|phase| read(phase) > 0.0), "{:?}", answer.response().timing);
    assert!(read("first_byte") >= 60.0 && read("download") >= 60.0, "{:?}", answer.response().timing);
    assert!(sum <= read("total") && read("total") < sum + 300.0, "{:?}", answer.response().timing);
    let latency = super::sources::read(&answer, "latency").as_f64().unwrap();
    assert!((latency - read("total")).abs() < 0.01, "{latency}");
}

#[tokio::test]
async fn redirects_cookies_and_the_decompressed_size_are_there() {
    let server = Server::plain().await;
    let answer = ask(get(server.url("/redirect?302&/cookie"))).await;
    assert_eq!(read(&answer, "redirects"), json!(1));
    assert_eq!(read(&answer, "url"), json!(server.url("/cookie")));
    assert_eq!(read(&answer, "cookies.session"), json!("s1"));
    assert_eq!(read(&answer, "cookies.other"), json!("o"));
    let answer = ask(get(server.url("/gzip"))).await;
    assert_eq!((read(&answer, "size"), read(&answer, "body")), (json!(5), json!("hello")));
    assert_eq!(read(&answer, "tls"), Value::Null);
}
