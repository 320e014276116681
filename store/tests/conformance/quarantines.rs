//! Versions of collections that are not run any more.

use chrono::TimeDelta;
use domain::{
    id::RunId,
    outcome::{Reason, ReasonCode},
    run::PinnedCollection,
};
use serde_json::json;
use store::{
    collections,
    quarantines::{self, Quarantine},
};

use crate::{
    fixtures::{collection, slug},
    harness::{Bench, conformance, write},
};

conformance! {
    a_version_in_quarantine_is_found_and_its_neighbours_are_not
    a_new_version_lifts_it
    it_can_be_lifted_as_it_is
}

/// The current version of a collection that is saved with so many steps.
async fn saved(bench: &Bench, id: &'static str, steps: usize) -> PinnedCollection {
    let step = |n| json!({ "id": format!("s{n}"), "request": { "url": "https://example.com" } });
    let document = collection(id, json!({ "steps": (0..steps).map(step).collect::<Vec<_>>() }));
    let now = bench.now();
    write!(bench, |conn| async { collections::replace(conn, &document, now).await }).unwrap();
    let saved = collections::get(&mut bench.conn().await, &slug(id)).await.unwrap().unwrap();
    PinnedCollection { id: saved.id, slug: slug(id), version: saved.version }
}

async fn add(bench: &Bench, collection: &PinnedCollection) -> Quarantine {
    let one = Quarantine {
        collection: collection.clone(),
        run: RunId::random(bench.now()),
        reason: Reason::new(ReasonCode::Poison, "two workers were lost"),
        since: bench.now(),
    };
    let new = one.clone();
    write!(bench, |conn| async { quarantines::add(conn, &new).await }).unwrap();
    one
}

async fn a_version_in_quarantine_is_found_and_its_neighbours_are_not(bench: Bench) {
    let (shop, search) = (saved(&bench, "shop", 1).await, saved(&bench, "search", 1).await);
    assert_eq!(quarantines::list(&mut bench.conn().await).await.unwrap(), []);
    let one = add(&bench, &shop).await;
    bench.clock.advance(TimeDelta::seconds(5));
    add(&bench, &shop).await;
    let mut conn = bench.conn().await;
    let listed = quarantines::list(&mut conn).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&one), "the first one stays");
    let found = quarantines::of(&mut conn, [&shop, &search]).await.unwrap();
    assert_eq!(found, [((shop.id, 1), one)].into());
    assert!(quarantines::of(&mut conn, []).await.unwrap().is_empty());
}

async fn a_new_version_lifts_it(bench: Bench) {
    let first = saved(&bench, "shop", 1).await;
    add(&bench, &first).await;
    let second = saved(&bench, "shop", 2).await;
    let mut conn = bench.conn().await;
    assert_eq!(quarantines::list(&mut conn).await.unwrap(), []);
    let found = quarantines::of(&mut conn, [&second]).await.unwrap();
    assert_eq!(found.get(&(second.id, second.version)), None);
    let one = add(&bench, &second).await;
    assert_eq!(quarantines::list(&mut conn).await.unwrap(), [one]);
    assert_eq!(quarantines::of(&mut conn, [&first]).await.unwrap().len(), 1, "the older one has gone");
}

async fn it_can_be_lifted_as_it_is(bench: Bench) {
    let shop = saved(&bench, "shop", 1).await;
    add(&bench, &shop).await;
    let lift = || async { write!(bench, |conn| async { quarantines::lift(conn, &slug("shop")).await }) };
    assert!(lift().await.unwrap());
    assert!(!lift().await.unwrap());
    assert!(quarantines::of(&mut bench.conn().await, [&shop]).await.unwrap().is_empty());
}
