//! The folder of the embedded database: its lock, its key, and what is left in it by a former process.

use secrecy::ExposeSecret;
use serde_json::json;
use store::{Config, Error, SecretKey, Store, environments, workers};

use crate::fixtures::{environment, slug};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_one_process_only() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open_sqlite(folder.path()).await.unwrap();
    let Err(Error::Setup(why)) = Store::open_sqlite(folder.path()).await else { panic!("it was shared") };
    assert!(why.contains("in use by another skopos"), "{why}");
    drop(first);
    Store::open_sqlite(folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_made_once_and_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path()).await.unwrap();
    let (document, key) =
        (environment("prod", json!({ "A": { "value": "1" } })), store.secrets_key().clone());
    let now = store::now(&mut store.read().await.unwrap()).await.unwrap();
    let work = store
        .write(move |conn| Box::pin(async move { environments::create(conn, &document, &key, now).await }));
    work.await.unwrap();
    drop(store);

    let store = Store::open_sqlite(folder.path()).await.unwrap();
    let conn = &mut store.read().await.unwrap();
    let values = environments::values(conn, &slug("prod"), store.secrets_key()).await.unwrap().unwrap();
    assert_eq!(values.secrets["A"].expose_secret(), "1");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("secrets.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_given_goes_before_the_kept_one() {
    let folder = tempfile::tempdir().unwrap();
    let key = Some(SecretKey::new([3; 32]));
    let config = Config { data_dir: folder.path().into(), secrets_key: key, ..Config::default() };
    Store::open(&config).await.unwrap();
    assert!(!folder.path().join("secrets.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_of_the_former_process_are_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path()).await.unwrap();
    let now = store::now(&mut store.read().await.unwrap()).await.unwrap();
    let worker = workers::Worker {
        id: domain::id::WorkerId::random(now),
        host: "host".to_owned(),
        version: "0.1.0".to_owned(),
        location: slug("default"),
        slots: 1,
        started_at: now,
        alive_until: now + chrono::TimeDelta::hours(1),
    };
    store.write(move |conn| Box::pin(async move { workers::register(conn, &worker).await })).await.unwrap();
    drop(store);

    let store = Store::open_sqlite(folder.path()).await.unwrap();
    let conn = &mut store.read().await.unwrap();
    let now = store::now(conn).await.unwrap();
    let workers = workers::list(conn).await.unwrap();
    assert!(matches!(&workers[..], [over] if over.alive_until <= now), "{workers:?}");
}

#[tokio::test]
async fn postgres_needs_a_key() {
    let config = Config { database_url: Some("postgres://nowhere".to_owned()), ..Config::default() };
    let Err(Error::Setup(why)) = Store::open(&config).await else { panic!("it was opened") };
    assert!(why.contains("SKOPOS__SECRETS__KEY"), "{why}");
}
