//! Wake-ups between processes. Every store here stands for one: stores share nothing but the server.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use store::{Listener, SecretKey, Store, Topic};
use tokio::time::{Instant, interval, timeout};
use tokio_postgres::{AsyncMessage, NoTls, SimpleQueryMessage};

use crate::harness::{Bench, Place, postgres};

postgres! {
    two_stores_on_one_schema_hear_each_other
    a_burst_is_sent_as_one
    a_connection_that_was_killed_comes_back
    schemas_do_not_wake_each_other
    the_connection_ends_with_the_last_clone
}

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn url(bench: &Bench) -> &str {
    let Place::Url(url) = &bench.place else { unreachable!() };
    url
}

/// A name that no other connection to this server has.
fn name() -> String {
    format!("skopos {}", uuid::Uuid::new_v4().simple())
}

async fn open(url: &str, name: &str) -> Store {
    let url = format!("{url}&application_name={}", name.replace(' ', "%20"));
    Store::open_postgres(&url, SecretKey::new([7; 32])).await.unwrap()
}

async fn hears(listener: &mut Listener) {
    timeout(PATIENCE, listener.heard()).await.expect("nothing was heard");
}

/// Listens to every topic.
fn ears(store: &Store) -> [Listener; 3] {
    [Topic::Runs, Topic::Notifications, Topic::Results].map(|topic| store.listen(topic))
}

/// A store whose connection for wake-ups is there: then every topic is woken once.
async fn listening(url: &str, name: &str) -> Store {
    let store = open(url, name).await;
    for mut ear in ears(&store) {
        hears(&mut ear).await;
    }
    store
}

/// The first column of the first row.
async fn ask(url: &str, query: &str) -> String {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let pump = tokio::spawn(connection);
    let rows = client.simple_query(query).await.unwrap();
    drop(client);
    pump.await.unwrap().unwrap();
    let row = rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    row.unwrap().get(0).unwrap().to_owned()
}

/// How many connections of that name there are.
async fn connections(url: &str, name: &str) -> String {
    ask(url, &format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name} listen'")).await
}

async fn kill(url: &str, name: &str) {
    let query = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{name} listen'"
    );
    assert_eq!(ask(url, &query).await, "1");
}

async fn two_stores_on_one_schema_hear_each_other(bench: Bench) {
    let (one, other) = (listening(url(&bench), &name()).await, listening(url(&bench), &name()).await);
    let (mut there, mut here) = (ears(&other), ears(&one));
    one.notify(Topic::Runs);
    hears(&mut there[0]).await;
    assert!(there[1].heard().now_or_never().is_none() && there[2].heard().now_or_never().is_none());
    other.notify(Topic::Results);
    hears(&mut here[2]).await;
    // What was heard is not passed on, and what comes back is known: one wake-up each, that of the call itself.
    assert!(here[0].heard().now_or_never().is_some() && here[0].heard().now_or_never().is_none());
    assert!(there[0].heard().now_or_never().is_none());
}

async fn a_burst_is_sent_as_one(bench: Bench) {
    let store = listening(url(&bench), &name()).await;
    let (client, mut connection) = tokio_postgres::connect(url(&bench), NoTls).await.unwrap();
    let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
    let schema = "left(encode(sha256(convert_to(current_schema(), 'UTF8')), 'hex'), 16)";
    let listen = format!("DO $$ BEGIN EXECUTE 'LISTEN skopos_runs_' || {schema}; END $$");
    tokio::select! {
        done = client.batch_execute(&listen) => done.unwrap(),
        message = messages.next() => panic!("{message:?}"),
    }
    let began = Instant::now();
    for _ in 0..1000 {
        store.notify(Topic::Runs);
        tokio::task::yield_now().await;
    }
    let most = 2 + began.elapsed().as_millis() / 100;
    assert!(most < 100, "the burst took so long that nothing is proved");
    let mut sent = 0;
    // That nothing more comes can only be waited for.
    while let Ok(Some(message)) = timeout(Duration::from_secs(1), messages.next()).await {
        if let AsyncMessage::Notification(_) = message.unwrap() {
            sent += 1;
        }
    }
    assert!((1..=most).contains(&sent), "{sent} of {most}");
}

async fn a_connection_that_was_killed_comes_back(bench: Bench) {
    let (killed, well) = (name(), name());
    let (store, other) = (listening(url(&bench), &killed).await, listening(url(&bench), &well).await);
    for _ in 0..3 {
        let (mut ears, mut told) = (ears(&store), other.listen(Topic::Runs));
        kill(url(&bench), &killed).await;
        // Said into the dead connection, or before there is a new one.
        store.notify(Topic::Runs);
        hears(&mut told).await;
        // Every topic is woken, for something may have been missed.
        hears(&mut ears[1]).await;
        hears(&mut ears[2]).await;
        let mut ear = store.listen(Topic::Results);
        other.notify(Topic::Results);
        hears(&mut ear).await;
    }
}

async fn schemas_do_not_wake_each_other(bench: Bench) {
    let elsewhere = format!("{}pg_catalog", url(&bench).split("skopos_test_").next().unwrap());
    let (one, same) = (listening(url(&bench), &name()).await, listening(url(&bench), &name()).await);
    let (stranger, friend) = (listening(&elsewhere, &name()).await, listening(&elsewhere, &name()).await);
    let (mut same, mut stranger) = (same.listen(Topic::Runs), ears(&stranger));
    one.notify(Topic::Runs);
    hears(&mut same).await;
    // The server hands out what was said in the order in which it was said.
    friend.notify(Topic::Results);
    hears(&mut stranger[2]).await;
    assert!(stranger[0].heard().now_or_never().is_none());
}

async fn the_connection_ends_with_the_last_clone(bench: Bench) {
    let name = name();
    let idle = open(url(&bench), &name).await;
    assert_eq!(connections(url(&bench), &name).await, "0", "made before anybody needs it");
    drop(idle);
    let store = listening(url(&bench), &name).await;
    let clone = store.clone();
    drop(store);
    let other = listening(url(&bench), &crate::wakeups::name()).await;
    let mut ear = clone.listen(Topic::Runs);
    other.notify(Topic::Runs);
    hears(&mut ear).await;
    assert_eq!(connections(url(&bench), &name).await, "1");
    drop(clone);
    let ended = async {
        let mut every = interval(Duration::from_millis(20));
        while connections(url(&bench), &name).await != "0" {
            every.tick().await;
        }
    };
    timeout(PATIENCE, ended).await.expect("the connection is still there");
}
