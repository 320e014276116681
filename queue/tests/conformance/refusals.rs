//! What cannot work is said at once, in one sentence that tells what to do and holds no password.

use std::error::Error as _;

use queue::{Config, Error, Queue};

use crate::harness::{Bench, on_rabbitmq};

on_rabbitmq! {
    a_wrong_password_is_refused
    a_virtual_host_that_is_not_there_is_refused
    a_queue_that_was_declared_otherwise_is_refused
    nothing_that_listens_is_unreachable
    a_url_is_needed
}

/// What connecting says with another URL: each part of it may be replaced.
async fn said(bench: &Bench, login: Option<&str>, host: Option<&str>, vhost: Option<&str>) -> Error {
    let config = &bench.broker().config;
    let url = config.url.as_ref().unwrap().strip_prefix("amqp://").unwrap();
    let (was_login, rest) = url.rsplit_once('@').unwrap();
    let (was_host, was_vhost) = rest.split_once('/').unwrap();
    let (login, host, vhost) =
        (login.unwrap_or(was_login), host.unwrap_or(was_host), vhost.unwrap_or(was_vhost));
    let config = Config { url: Some(format!("amqp://{login}@{host}/{vhost}")), ..config.clone() };
    let error = Queue::rabbitmq(&config).await.unwrap_err();
    let (_, password) = login.split_once(':').unwrap();
    let text = format!("{error} {error:?} {config:?}");
    assert!(password == "guest" || !text.contains(password), "{text}");
    error
}

async fn a_wrong_password_is_refused(bench: Bench) {
    let error = said(&bench, Some("guest:hunter2"), None, None).await;
    assert!(
        matches!(&error, Error::Refused(why) if why.contains("does not let in user \"guest\"")),
        "{error}"
    );
}

async fn a_virtual_host_that_is_not_there_is_refused(bench: Bench) {
    let error = said(&bench, None, None, Some("no-such-vhost")).await;
    assert!(
        matches!(&error, Error::Refused(why) if why.contains("rabbitmqctl add_vhost no-such-vhost")),
        "{error}"
    );
}

async fn a_queue_that_was_declared_otherwise_is_refused(bench: Bench) {
    let destination = bench.fresh();
    bench.broker().declare_short(&destination, 7).await;
    for error in [
        bench.queue.declare(&destination).await.unwrap_err(),
        bench.queue.consume(&destination, 1).await.unwrap_err(),
    ] {
        let Error::Refused(why) = &error else { panic!("{error:?}") };
        let name = bench.broker().name(&destination);
        assert!(why.contains(&name) && why.contains("delete it there"), "{why}");
    }
}

async fn nothing_that_listens_is_unreachable(bench: Bench) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let error = said(&bench, Some("guest:hunter2"), Some(&free), None).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
    let why = error.source().unwrap().to_string();
    assert!(why.contains(&free) && why.contains("refused"), "{why}");
}

async fn a_url_is_needed(bench: Bench) {
    let config = Config { url: None, ..bench.broker().config.clone() };
    assert!(matches!(Queue::rabbitmq(&config).await, Err(Error::Refused(_))));
}
