//! Migrations, on tables that hold something; the time; the shape of a transaction.

use chrono::TimeDelta;
use domain::{
    clock::{Clock, SystemClock},
    notification::NotificationKind,
};
use serde_json::json;
use store::{
    Error, SchemaState, Store, channels, collections, environments,
    gaps::{self, Gap},
    health, incidents, notifications, results,
};

use crate::{
    fixtures::{
        channel, collection, environment, event, incident, inserted, result, running, scheduled, slug,
    },
    harness::{Bench, Place, conformance, execute, write},
};

conformance! {
    migrations_go_down_and_up_again_with_rows_in_the_tables
    a_newer_schema_is_told_from_an_older_one
    a_transaction_that_fails_leaves_nothing
    a_caller_that_goes_away_does_not_stop_its_transaction
    a_panic_in_a_transaction_leaves_nothing_locked
    the_database_has_a_clock
    a_connection_for_reading_of_sqlite_does_not_write
}

/// The names of all migrations of one database.
fn migrations(of: &str) -> Vec<String> {
    let folder = format!("{}/../migrations/{of}", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(migrations("postgres"), migrations("sqlite"));
}

async fn filled(bench: &Bench) {
    let (now, key) = (bench.now(), bench.store.secrets_key().clone());
    let (new, slot) = (incident(bench), scheduled(now));
    let gap = Gap {
        monitor: slot.monitor.clone().unwrap(),
        collection: slot.collection.id,
        location: slot.location.clone(),
        first_slot_at: now,
        last_slot_at: now,
        slots: 1,
    };
    let opened = event(new.id, 0, NotificationKind::Opened, now);
    let key_of_health = (new.monitor_id.unwrap(), new.collection_id.unwrap());
    write!(bench, |conn| async {
        let secrets = json!({ "TOKEN": { "value": "hunter2" } });
        environments::create(conn, &environment("prod", secrets), &key, now).await?;
        channels::create(conn, &channel("hook"), now).await?;
        let alerts = json!([{ "channels": ["hook"] }]);
        let document = json!({ "environment": "prod", "schedule": { "every": "1m" }, "alerts": alerts });
        collections::create(conn, &collection("shop", document), now).await?;
        incidents::open(conn, &new).await?;
        health::lock(conn, &[key_of_health], now).await?;
        notifications::insert(conn, &[opened]).await?;
        gaps::insert(conn, &[gap], now).await
    })
    .unwrap();
    inserted(bench, vec![slot]).await;
    let (run, _) = running(bench).await;
    write!(bench, |conn| results::insert(conn, &[(run, result())])).unwrap();
}

async fn migrations_go_down_and_up_again_with_rows_in_the_tables(bench: Bench) {
    assert_eq!(bench.store.schema_state().await.unwrap(), SchemaState::UpToDate);
    let all = migrations("sqlite").len();
    for count in 1..=all {
        filled(&bench).await;
        bench.store.revert(count).await.unwrap();
        assert_eq!(bench.store.schema_state().await.unwrap(), SchemaState::Older);
        bench.store.migrate().await.unwrap();
        assert_eq!(bench.store.schema_state().await.unwrap(), SchemaState::UpToDate);
        // What was not taken back is still there, and in the way of the next round.
        bench.store.revert(all).await.unwrap();
        bench.store.migrate().await.unwrap();
    }
    let conn = &mut bench.conn().await;
    assert_eq!(collections::get(conn, &slug("shop")).await.unwrap(), None);
    assert_eq!(notifications::of_channel(conn, &slug("x"), store::Page::first(1)).await.unwrap().data, []);
}

async fn a_newer_schema_is_told_from_an_older_one(bench: Bench) {
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    execute(&bench.place, newer).await.unwrap();
    assert_eq!(bench.store.schema_state().await.unwrap(), SchemaState::Newer);
}

async fn a_transaction_that_fails_leaves_nothing(bench: Bench) {
    let now = bench.now();
    let failed: store::Result<()> = write!(bench, |conn| async {
        collections::create(conn, &collection("shop", json!({})), now).await?;
        Err(Error::Conflict { what: "a test".to_owned() })
    });
    assert!(matches!(failed, Err(Error::Conflict { what }) if what == "a test"));
    assert_eq!(collections::get(&mut bench.conn().await, &slug("shop")).await.unwrap(), None);
}

async fn a_caller_that_goes_away_does_not_stop_its_transaction(bench: Bench) {
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, goes_on) = tokio::sync::oneshot::channel::<()>();
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    let ends = std::sync::Arc::new(std::sync::Mutex::new(Some((begun, goes_on, ended))));
    let (store, now) = (bench.store.clone(), bench.now());
    let caller = tokio::spawn(async move {
        let work = store.write(move |conn| {
            let (begun, goes_on, ended) = ends.lock().unwrap().take().unwrap();
            Box::pin(async move {
                begun.send(()).unwrap();
                goes_on.await.unwrap();
                let saved = collections::create(conn, &collection("shop", json!({})), now).await;
                ended.send(()).unwrap();
                saved
            })
        });
        work.await
    });
    has_begun.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go_on.send(()).unwrap();
    has_ended.await.unwrap();
    // The next transaction comes after the commit of the one before on SQLite; PostgreSQL has to be asked again.
    loop {
        if collections::get(&mut bench.conn().await, &slug("shop")).await.unwrap().is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

async fn a_panic_in_a_transaction_leaves_nothing_locked(bench: Bench) {
    let (store, now) = (bench.store.clone(), bench.now());
    let panicked = tokio::spawn(async move {
        let work = store.write(move |conn| {
            Box::pin(async move {
                collections::create(conn, &collection("shop", json!({})), now).await?;
                if now.timestamp() > 0 {
                    panic!("on purpose");
                }
                Ok(())
            })
        });
        work.await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let saved = write!(bench, |conn| collections::create(conn, &collection("shop", json!({})), now)).unwrap();
    assert_eq!(saved.version, 1);
}

async fn the_database_has_a_clock(bench: Bench) {
    let conn = &mut bench.conn().await;
    assert_eq!(store::now(conn).await.unwrap(), bench.now());
    bench.clock.advance(TimeDelta::seconds(1));
    assert_eq!(store::now(conn).await.unwrap(), bench.now());

    // Without a clock of ours PostgreSQL is asked, which is on this machine's time or near it.
    if let Place::Url(url) = &bench.place {
        let store = Store::open_postgres(url, bench.store.secrets_key().clone()).await.unwrap();
        let told = store::now(&mut store.read().await.unwrap()).await.unwrap();
        assert!((told - SystemClock.now()).abs() < TimeDelta::hours(1), "{told}");
    }
}

async fn a_connection_for_reading_of_sqlite_does_not_write(bench: Bench) {
    if matches!(bench.place, Place::Url(_)) {
        return;
    }
    let now = bench.now();
    let refused = collections::create(&mut bench.conn().await, &collection("shop", json!({})), now).await;
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
}
