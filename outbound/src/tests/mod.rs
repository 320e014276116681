//! Sessions against servers on loopback that misbehave on demand. Names end in `.test` and are answered by the tests.

mod answers;
mod authority;
mod connections;
mod digest;
mod failures;
mod policy;
mod proxies;
mod redirects;
mod server;
mod sources;
mod tls;

use std::{
    io,
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use domain::exchange::{Address, Connection, Request};
use futures_util::FutureExt as _;
use ipnet::IpNet;

use self::authority::Authority;
use crate::{AddressPolicy, Outbound, resolver::Lookup};

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test Authority"));

/// Every `.test` name is on 127.0.0.1, everything else does not exist.
fn test_names() -> Lookup {
    names(|name| if name.ends_with(".test") { vec![[127, 0, 0, 1].into()] } else { vec![] })
}

fn names(answer: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Lookup {
    Arc::new(move |name| {
        let found = answer(&name);
        let answer = if found.is_empty() { Err(io::Error::other("no such name")) } else { Ok(found) };
        async move { answer }.boxed()
    })
}

/// Loopback is let through.
fn outbound() -> Outbound {
    with(&["127.0.0.0/8"], test_names())
}

fn with(allow: &[&str], lookup: Lookup) -> Outbound {
    let allow = allow.iter().map(|block| block.parse::<IpNet>().unwrap()).collect();
    Outbound::believing(AddressPolicy::new(allow), lookup, AUTHORITY.verifier())
}

fn get(url: impl Into<String>) -> Request {
    Request {
        method: "GET".to_owned(),
        url: Address::from(url.into()),
        headers: vec![],
        secret_headers: vec![],
        body: Bytes::new(),
        timeout: Duration::from_secs(20),
        follow_redirects: true,
        max_redirects: 5,
        max_body: 1024 * 1024,
        cookies: true,
        connection: Connection::default(),
        digest: None,
    }
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn sending_may_move_between_threads() {
    fn sendable<T: Send>(_: T) {}
    let mut session = outbound().session();
    sendable(session.send(&get("http://a.test/")));
}
