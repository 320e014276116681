//! No connection to a denied address, however it is spelled and wherever it comes from.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::outcome::ReasonCode;

use super::{get, names, outbound, server::Server, test_names, with};
use crate::{Config, Outbound};

#[tokio::test]
async fn literals_are_denied_in_every_spelling() {
    let mut session = with(&[], test_names()).session();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "0",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ] {
        let failure = session.send(&get(format!("http://{host}:1/"))).await.unwrap_err();
        assert_eq!(failure.code, ReasonCode::AddressDenied, "{host}: {}", failure.message);
    }
}

#[tokio::test]
async fn name_of_a_denied_address_is_denied_before_a_connection() {
    let server = Server::plain().await;
    let failure = with(&[], test_names())
        .session()
        .send(&get(server.named("http", "a.test", "/ok")))
        .await
        .unwrap_err();
    assert_eq!(failure.code, ReasonCode::AddressDenied);
    assert_eq!(failure.message, "the address policy denies 127.0.0.1, which `a.test` resolves to");
    assert!(failure.code.is_ours());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn redirect_to_a_denied_address_is_denied() {
    let server = Server::plain().await;
    let mut session = outbound().session();
    for location in
        ["http://169.254.169.254/latest", "http://[::1]:1/", "//0xa9fea9fe/", "http://internal.example/"]
    {
        let outbound = with(&["127.0.0.0/8"], names(|_| vec![[10, 0, 0, 1].into()]));
        let url = server.url(&format!("/redirect?302&{location}"));
        let failure = outbound.session().send(&get(&url)).await.unwrap_err();
        assert_eq!(failure.code, ReasonCode::AddressDenied, "{location}");
    }
    let failure = session.send(&get(server.url("/redirect?302&http://10.0.0.1/"))).await.unwrap_err();
    assert_eq!(failure.message, "the address policy denies 10.0.0.1");
}

#[tokio::test]
async fn of_several_addresses_only_the_permitted_ones_are_used() {
    let server = Server::plain().await;
    let denied_first: [IpAddr; 3] = [[127, 0, 0, 2].into(), [10, 0, 0, 1].into(), [127, 0, 0, 1].into()];
    let outbound = with(&["127.0.0.1/32"], names(move |_| denied_first.to_vec()));
    let response = outbound.session().send(&get(server.named("http", "mixed.test", "/ok"))).await.unwrap();
    assert_eq!(response.peer, Some([127, 0, 0, 1].into()));
}

#[tokio::test]
async fn checked_address_is_the_one_connected_to() {
    let server = Server::plain().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    // Permitted the first time, denied from then on.
    let rebinding = names(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
        0 => vec![[127, 0, 0, 1].into()],
        _ => vec![[127, 0, 0, 2].into()],
    });
    let outbound = with(&["127.0.0.1/32"], rebinding);
    let url = server.named("http", "rebind.test", "/ok");
    let response = outbound.session().send(&get(&url)).await.unwrap();
    assert_eq!((response.peer, asked.load(Ordering::SeqCst)), (Some([127, 0, 0, 1].into()), 1));
    let failure = outbound.session().send(&get(&url)).await.unwrap_err();
    assert_eq!((failure.code, server.connections()), (ReasonCode::AddressDenied, 1));
}

#[tokio::test]
async fn default_configuration_denies_loopback_and_the_allow_list_opens_it() {
    let server = Server::plain().await;
    let url = server.named("http", "localhost", "/ok");
    let closed = Outbound::new(Config::default());
    assert_eq!(closed.session().send(&get(&url)).await.unwrap_err().code, ReasonCode::AddressDenied);
    assert_eq!(server.connections(), 0);
    let open = Outbound::new(Config { allow: vec!["127.0.0.0/8".parse().unwrap()] });
    assert_eq!(open.session().send(&get(&url)).await.unwrap().status, 200);
}
