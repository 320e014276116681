//! HTTP Digest against a server that was written from RFC 7616 by itself: it shares nothing with the client.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::exchange::{Digest, Request};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::{get, outbound, server::Server};

/// What `/digest?<algorithm>&<qop>` answers; its state is what it said before.
pub(super) fn serve(
    request: &str,
    query: &str,
    used: &mut HashMap<String, u64>,
) -> (u16, Vec<String>, String) {
    let (algorithm, qop) = query.trim_end_matches("&slow").split_once('&').unwrap_or((query, ""));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let authorization = head.lines().find_map(|line| line.strip_prefix("authorization: Digest "));
    let Some(fields) = authorization.map(fields) else {
        return (401, vec![challenge(algorithm, qop)], "who?".into());
    };
    match verdict(head, body, algorithm, qop, &fields, used) {
        Ok(()) => (200, vec![], "welcome".into()),
        Err(why) => (401, vec![challenge(algorithm, qop)], why),
    }
}

const NONCE: &str = "bm9uY2U6MTIz";

fn challenge(algorithm: &str, qop: &str) -> String {
    let qop = if qop.is_empty() { String::new() } else { format!(", qop=\"{qop}\"") };
    format!(
        "www-authenticate: Digest realm=\"api, v2\", nonce=\"{NONCE}\", opaque=\"o\", algorithm={algorithm}{qop}"
    )
}

fn fields(text: &str) -> HashMap<String, String> {
    let pairs = text.split(", ").filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

fn verdict(
    head: &str,
    body: &str,
    algorithm: &str,
    qop: &str,
    // `realm` is cut at its comma; it is known here.
    fields: &HashMap<String, String>,
    used: &mut HashMap<String, u64>,
) -> Result<(), String> {
    let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    if get("uri") != target || get("nonce") != NONCE || get("opaque") != "o" || get("algorithm") != algorithm
    {
        return Err(format!("not what was asked: {fields:?}"));
    }
    let h = |text: String| match algorithm.starts_with("MD5") {
        true => Md5::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>(),
        false => Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>(),
    };
    let mut a1 = h("Mufasa:api, v2:Circle of Life".into());
    if algorithm.ends_with("-sess") {
        a1 = h(format!("{a1}:{NONCE}:{}", get("cnonce")));
    }
    let a2 = match get("qop").as_str() {
        "auth-int" => h(format!("{method}:{target}:{}", h(body.into()))),
        _ => h(format!("{method}:{target}")),
    };
    let expected = if qop.is_empty() {
        h(format!("{a1}:{NONCE}:{a2}"))
    } else {
        let count = u64::from_str_radix(&get("nc"), 16).unwrap();
        let before = used.insert(get("cnonce"), count).unwrap_or(0);
        if count <= before || get("nc").len() != 8 {
            return Err(format!("replayed: {count} after {before}"));
        }
        h(format!("{a1}:{NONCE}:{}:{}:{}:{a2}", get("nc"), get("cnonce"), get("qop")))
    };
    if get("response") == expected { Ok(()) } else { Err("wrong response".into()) }
}

fn asking(url: String, password: &str) -> Request {
    let digest = Digest {
        username: "Mufasa".to_owned(),
        password: password.to_owned(),
        nonce: BASE64_STANDARD.encode("client"),
    };
    Request { digest: Some(digest), ..get(url) }
}

#[tokio::test]
async fn a_challenge_is_answered_within_one_exchange_on_one_connection() {
    for algorithm in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"] {
        for qop in ["auth", "auth-int", "auth-int, auth", ""] {
            let server = Server::plain().await;
            let mut session = outbound().session();
            let url = server.url(&format!("/digest?{algorithm}&{}", qop.replace(' ', "")));
            let mut request = asking(url, "Circle of Life");
            request.method = "POST".to_owned();
            request.body = "a body".into();
            for exchange in 1..=2 {
                let response = session.send(&request).await.unwrap();
                let body = String::from_utf8_lossy(&response.body).into_owned();
                assert_eq!((response.status, body.as_str()), (200, "welcome"), "{algorithm} {qop}");
                assert_eq!(server.requests().len(), 2 * exchange);
            }
            assert!(server.requests().iter().all(|request| request.ends_with("\r\n\r\na body")));
            assert_eq!(server.connections(), 1);
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_401_after_one_answer() {
    let server = Server::plain().await;
    let request = asking(server.url("/digest?SHA-256&auth"), "Hakuna Matata");
    let response = outbound().session().send(&request).await.unwrap();
    assert_eq!((response.status, &*response.body), (401, b"wrong response".as_slice()));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_answered_stays_as_it_is() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    let response = session.send(&asking(server.url("/digest?SHA-1&auth"), "x")).await.unwrap();
    assert_eq!((response.status, server.requests().len()), (401, 1));
    let without = session.send(&get(server.url("/digest?MD5&auth"))).await.unwrap();
    assert_eq!((without.status, server.requests().len()), (401, 2));
}

#[tokio::test]
async fn another_origin_gets_no_answer_to_its_challenge() {
    let (home, elsewhere) = (Server::plain().await, Server::plain().await);
    let url = home.url(&format!("/redirect?307&{}", elsewhere.url("/digest?MD5&auth")));
    let response = outbound().session().send(&asking(url, "Circle of Life")).await.unwrap();
    assert_eq!((response.status, elsewhere.requests().len()), (401, 1));
    let url = home.url("/redirect?307&/digest?MD5&auth");
    let response = outbound().session().send(&asking(url, "Circle of Life")).await.unwrap();
    assert_eq!((response.status, home.requests().len()), (200, 4));
}

#[tokio::test]
async fn both_messages_count_in_the_latency() {
    let server = Server::plain().await;
    let request = asking(server.url("/digest?MD5&auth&slow"), "Circle of Life");
    let response = outbound().session().send(&request).await.unwrap();
    let tick = std::time::Duration::from_millis(60);
    assert!(response.timing.total >= 2 * tick, "{:?}", response.timing);
    assert!(response.timing.first_byte.unwrap() < 2 * tick, "{:?}", response.timing);
}
