//! Secrets: kept sealed, never read back in a document, never in clear on disk.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use serde_json::json;
use store::{Change, Error, SecretKey, environments};

use crate::{
    fixtures::{environment, slug},
    harness::{Bench, conformance, holds, write},
};

conformance! {
    a_secret_is_opened_for_runs_and_hidden_in_documents
    an_empty_secret_keeps_its_value_and_an_unnamed_one_goes
    a_new_secret_needs_a_value
    the_same_value_again_changes_nothing
    another_key_opens_nothing
    no_secret_is_in_clear_in_the_database
}

async fn opened(bench: &Bench) -> BTreeMap<String, String> {
    let key = bench.store.secrets_key();
    let values = environments::values(&mut bench.conn().await, &slug("prod"), key).await.unwrap().unwrap();
    assert_eq!(values.vars["base"], "https://example.com");
    values.secrets.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
}

async fn replace(bench: &Bench, secrets: serde_json::Value) -> store::Result<Change> {
    let (now, key) = (bench.now(), bench.store.secrets_key().clone());
    let document = environment("prod", secrets);
    Ok(write!(bench, |conn| environments::replace(conn, &document, &key, now))?.0)
}

async fn a_secret_is_opened_for_runs_and_hidden_in_documents(bench: Bench) {
    let change = replace(&bench, json!({ "TOKEN": { "value": "hunter2" } })).await.unwrap();
    assert_eq!(change, Change::Created);
    assert_eq!(opened(&bench).await, BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]));
    let conn = &mut bench.conn().await;
    let read = environments::get(conn, &slug("prod")).await.unwrap().unwrap();
    assert_eq!(read.document, environment("prod", json!({ "TOKEN": {} })));
    let listed = environments::list(conn, store::Page::first(10)).await.unwrap();
    assert_eq!(listed.data, [read]);
    let nowhere = environments::values(conn, &slug("none"), bench.store.secrets_key()).await.unwrap();
    assert!(nowhere.is_none());
}

async fn an_empty_secret_keeps_its_value_and_an_unnamed_one_goes(bench: Bench) {
    replace(&bench, json!({ "A": { "value": "1" }, "B": { "value": "2" } })).await.unwrap();
    let change = replace(&bench, json!({ "A": {}, "C": { "value": "3" } })).await.unwrap();
    assert_eq!(change, Change::Replaced);
    let expected = [("A", "1"), ("C", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(opened(&bench).await, BTreeMap::from(expected));
}

async fn a_new_secret_needs_a_value(bench: Bench) {
    let refused = replace(&bench, json!({ "A": { "value": "1" }, "B": {} })).await;
    assert!(matches!(refused, Err(Error::Incomplete { secrets }) if secrets == ["B"]));
}

async fn the_same_value_again_changes_nothing(bench: Bench) {
    let document = json!({ "A": { "value": "1" } });
    replace(&bench, document.clone()).await.unwrap();
    assert_eq!(replace(&bench, document).await.unwrap(), Change::Unchanged);
    assert_eq!(replace(&bench, json!({ "A": { "value": "2" } })).await.unwrap(), Change::Replaced);
    assert_eq!(replace(&bench, json!({})).await.unwrap(), Change::Replaced);
    assert!(opened(&bench).await.is_empty());
}

async fn another_key_opens_nothing(bench: Bench) {
    replace(&bench, json!({ "A": { "value": "1" } })).await.unwrap();
    let other = SecretKey::new([99; 32]);
    let refused = environments::values(&mut bench.conn().await, &slug("prod"), &other).await;
    assert!(matches!(refused, Err(Error::Setup(_))));
}

async fn no_secret_is_in_clear_in_the_database(bench: Bench) {
    let needle = "correct-horse-battery-staple";
    replace(&bench, json!({ "TOKEN": { "value": needle } })).await.unwrap();
    assert!(holds(&bench.place, "https://example.com"), "the search finds what is in clear");
    assert!(!holds(&bench.place, needle));
}
