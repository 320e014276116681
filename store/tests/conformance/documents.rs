//! Collections, monitors and channels: versions, ownership, references, slots.

use chrono::TimeDelta;
use domain::document::{Channel, Kind};
use serde_json::json;
use store::{Change, Error, Missing, Page, channels, collections, environments, monitors};

use crate::{
    fixtures::{channel, collection, environment, monitor, slug},
    harness::{Bench, conformance, write},
};

conformance! {
    a_version_is_added_only_when_the_document_changes
    old_versions_outlive_their_collection
    an_id_is_taken_once
    the_order_of_keys_is_the_users
    an_inline_schedule_makes_changes_and_removes_its_own_monitor
    a_collection_does_not_take_over_a_monitor_of_its_id
    a_used_document_is_not_deleted
    what_a_monitor_names_must_exist
    the_anchor_moves_only_with_the_schedule
    a_disabled_monitor_has_no_slot
    due_monitors_come_with_their_pinned_collections
    the_next_slot_never_goes_back
    concurrent_schedulers_get_different_monitors
    documents_are_paged
    a_changed_channel_is_not_broken_any_more
}

async fn a_version_is_added_only_when_the_document_changes(bench: Bench) {
    let now = bench.now();
    let first =
        write!(bench, |conn| collections::replace(conn, &collection("shop", json!({})), now)).unwrap();
    assert_eq!((first.0, first.1.version), (Change::Created, 1));
    bench.clock.advance(TimeDelta::seconds(1));
    let now = bench.now();
    let same = write!(bench, |conn| collections::replace(conn, &collection("shop", json!({})), now)).unwrap();
    assert_eq!(same, (Change::Unchanged, first.1.clone()));
    let named = collection("shop", json!({ "name": "Shop" }));
    let next = write!(bench, |conn| collections::replace(conn, &named, now)).unwrap();
    assert_eq!((next.0, next.1.id, next.1.version), (Change::Replaced, first.1.id, 2));
    assert_eq!((next.1.created_at, next.1.updated_at), (first.1.created_at, now));
    let read = collections::get(&mut bench.conn().await, &slug("shop")).await.unwrap();
    assert_eq!(read, Some(next.1));
}

async fn old_versions_outlive_their_collection(bench: Bench) {
    let (now, first) = (bench.now(), collection("shop", json!({})));
    let document = first.clone();
    let saved = write!(bench, |conn| collections::create(conn, &document, now)).unwrap();
    let second = collection("shop", json!({ "name": "Shop" }));
    write!(bench, |conn| collections::replace(conn, &second, now)).unwrap();
    assert!(write!(bench, |conn| collections::delete(conn, &slug("shop"))).unwrap());
    assert!(!write!(bench, |conn| collections::delete(conn, &slug("shop"))).unwrap());
    let conn = &mut bench.conn().await;
    assert_eq!(collections::get(conn, &slug("shop")).await.unwrap(), None);
    assert_eq!(collections::version(conn, saved.id, 1).await.unwrap(), Some(first));
    assert!(collections::version(conn, saved.id, 2).await.unwrap().is_some());
    assert_eq!(collections::version(conn, saved.id, 3).await.unwrap(), None);
}

async fn an_id_is_taken_once(bench: Bench) {
    let now = bench.now();
    write!(bench, |conn| collections::create(conn, &collection("shop", json!({})), now)).unwrap();
    let again = write!(bench, |conn| collections::create(conn, &collection("shop", json!({})), now));
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
}

async fn the_order_of_keys_is_the_users(bench: Bench) {
    let document =
        collection("shop", json!({ "vars": { "zebra": 1, "ape": 2, "mule": { "z": 1, "a": 2 } } }));
    let (now, saved) = (bench.now(), document.clone());
    write!(bench, |conn| collections::create(conn, &saved, now)).unwrap();
    let read = collections::get(&mut bench.conn().await, &slug("shop")).await.unwrap().unwrap();
    assert_eq!(serde_json::to_string(&read.document).unwrap(), serde_json::to_string(&document).unwrap());
}

async fn an_inline_schedule_makes_changes_and_removes_its_own_monitor(bench: Bench) {
    let now = bench.now();
    let with = |every: &str| collection("shop", json!({ "schedule": { "every": every } }));
    let document = with("1m");
    write!(bench, |conn| collections::create(conn, &document, now)).unwrap();
    let own = monitors::get(&mut bench.conn().await, &slug("shop")).await.unwrap().unwrap();
    assert_eq!((own.owner, own.next_slot_at), (Some(slug("shop")), Some(now)));
    assert_eq!(own.document, document_of("1m"));

    let refused = write!(bench, |conn| monitors::replace(conn, &document_of("5m"), now));
    assert!(matches!(refused, Err(Error::Owned { collection }) if collection == slug("shop")));
    let refused = write!(bench, |conn| monitors::delete(conn, &slug("shop")));
    assert!(matches!(refused, Err(Error::Owned { .. })));

    let (document, again) = (with("5m"), with("5m"));
    write!(bench, |conn| collections::replace(conn, &document, now)).unwrap();
    let changed = monitors::get(&mut bench.conn().await, &slug("shop")).await.unwrap().unwrap();
    assert_eq!((changed.id, changed.document), (own.id, document_of("5m")));

    write!(bench, |conn| collections::replace(conn, &collection("shop", json!({})), now)).unwrap();
    assert_eq!(monitors::get(&mut bench.conn().await, &slug("shop")).await.unwrap(), None);

    write!(bench, |conn| collections::replace(conn, &again, now)).unwrap();
    assert!(write!(bench, |conn| collections::delete(conn, &slug("shop"))).unwrap());
    assert_eq!(monitors::get(&mut bench.conn().await, &slug("shop")).await.unwrap(), None);
}

fn document_of(every: &str) -> domain::document::Monitor {
    monitor("shop", &["shop"], json!({ "schedule": { "every": every } }))
}

async fn a_collection_does_not_take_over_a_monitor_of_its_id(bench: Bench) {
    let now = bench.now();
    let taken = write!(bench, |conn| async {
        collections::create(conn, &collection("other", json!({})), now).await?;
        monitors::create(conn, &monitor("shop", &["other"], json!({})), now).await?;
        let document = collection("shop", json!({ "schedule": { "every": "1m" } }));
        collections::create(conn, &document, now).await
    });
    assert!(matches!(taken, Err(Error::Conflict { what }) if what == "monitor `shop`"));
    // All of it was one transaction.
    assert_eq!(collections::get(&mut bench.conn().await, &slug("other")).await.unwrap(), None);
}

async fn a_used_document_is_not_deleted(bench: Bench) {
    let (now, key) = (bench.now(), bench.store.secrets_key().clone());
    let rules =
        json!({ "environment": "prod", "alerts": [{ "channels": ["hook"] }, { "channels": ["hook"] }] });
    write!(bench, |conn| async {
        environments::create(conn, &environment("prod", json!({})), &key, now).await?;
        channels::create(conn, &channel("hook"), now).await?;
        collections::create(conn, &collection("shop", json!({ "environment": "prod" })), now).await?;
        monitors::create(conn, &monitor("watch", &["shop"], rules), now).await
    })
    .unwrap();
    let watch = (Kind::Monitor, slug("watch"));
    let used = |result| match result {
        Err(Error::InUse { by, .. }) => by,
        other => panic!("{other:?}"),
    };
    let collection = write!(bench, |conn| collections::delete(conn, &slug("shop")));
    assert_eq!(used(collection), std::slice::from_ref(&watch));
    let channel = write!(bench, |conn| channels::delete(conn, &slug("hook")));
    assert_eq!(used(channel), std::slice::from_ref(&watch));
    let environment = write!(bench, |conn| environments::delete(conn, &slug("prod")));
    assert_eq!(used(environment), [(Kind::Collection, slug("shop")), watch]);

    assert!(write!(bench, |conn| monitors::delete(conn, &slug("watch"))).unwrap());
    assert!(write!(bench, |conn| channels::delete(conn, &slug("hook"))).unwrap());
    assert!(write!(bench, |conn| collections::delete(conn, &slug("shop"))).unwrap());
    assert!(write!(bench, |conn| environments::delete(conn, &slug("prod"))).unwrap());
}

async fn what_a_monitor_names_must_exist(bench: Bench) {
    let now = bench.now();
    let rules = json!({ "environment": "prod", "alerts": [{ "channels": ["hook"] }] });
    let document = monitor("watch", &["shop"], rules);
    let Err(Error::Missing(missing)) = write!(bench, |conn| monitors::create(conn, &document, now)) else {
        panic!("it was saved")
    };
    let expected = [(Kind::Collection, "shop"), (Kind::Channel, "hook"), (Kind::Environment, "prod")];
    assert_eq!(missing, expected.map(|(kind, id)| Missing { kind, slug: slug(id) }));
}

/// A collection `shop` and a monitor `watch` of it, every minute.
async fn watched(bench: &Bench) -> monitors::SavedMonitor {
    let now = bench.now();
    write!(bench, |conn| async {
        collections::create(conn, &collection("shop", json!({})), now).await?;
        monitors::create(conn, &monitor("watch", &["shop"], json!({})), now).await
    })
    .unwrap()
}

async fn the_anchor_moves_only_with_the_schedule(bench: Bench) {
    let saved = watched(&bench).await;
    assert_eq!((saved.anchor, saved.next_slot_at), (bench.now(), Some(bench.now())));
    bench.clock.advance(TimeDelta::seconds(30));
    let now = bench.now();
    let named = monitor("watch", &["shop"], json!({ "name": "Watch" }));
    let (change, renamed) = write!(bench, |conn| monitors::replace(conn, &named, now)).unwrap();
    assert_eq!(change, Change::Replaced);
    assert_eq!((renamed.anchor, renamed.next_slot_at), (saved.anchor, saved.next_slot_at));
    let slower = monitor("watch", &["shop"], json!({ "schedule": { "every": "5m" } }));
    let (_, slower) = write!(bench, |conn| monitors::replace(conn, &slower, now)).unwrap();
    assert_eq!((slower.anchor, slower.next_slot_at), (now, Some(now)));
}

async fn a_disabled_monitor_has_no_slot(bench: Bench) {
    let saved = watched(&bench).await;
    let now = bench.now();
    let off = monitor("watch", &["shop"], json!({ "enabled": false }));
    let (_, off) = write!(bench, |conn| monitors::replace(conn, &off, now)).unwrap();
    assert_eq!(off.next_slot_at, None);
    assert_eq!(write!(bench, |conn| monitors::due(conn, now, 10)).unwrap(), []);
    bench.clock.advance(TimeDelta::seconds(90));
    let now = bench.now();
    let on = monitor("watch", &["shop"], json!({}));
    let (_, on) = write!(bench, |conn| monitors::replace(conn, &on, now)).unwrap();
    assert_eq!(on.next_slot_at, Some(saved.anchor + TimeDelta::seconds(120)));
}

async fn due_monitors_come_with_their_pinned_collections(bench: Bench) {
    let now = bench.now();
    let saved = write!(bench, |conn| async {
        for id in ["b", "a", "c"] {
            collections::create(conn, &collection(id, json!({})), now).await?;
        }
        collections::replace(conn, &collection("a", json!({ "name": "A" })), now).await?;
        monitors::create(conn, &monitor("watch", &["b", "a"], json!({})), now).await
    })
    .unwrap();
    let before = now - TimeDelta::milliseconds(1);
    assert_eq!(write!(bench, |conn| monitors::due(conn, before, 10)).unwrap(), []);
    let due = write!(bench, |conn| monitors::due(conn, now, 10)).unwrap();
    let [due] = &due[..] else { panic!("{due:?}") };
    assert_eq!((&due.monitor, due.slot_at), (&saved, now));
    let pinned: Vec<_> =
        due.collections.iter().map(|pinned| (pinned.slug.as_str(), pinned.version)).collect();
    assert_eq!(pinned, [("b", 1), ("a", 2)]);
}

async fn the_next_slot_never_goes_back(bench: Bench) {
    let saved = watched(&bench).await;
    let (earlier, later) = (bench.now() - TimeDelta::seconds(60), bench.after(60));
    for (slot, moved) in [(Some(later), 1), (Some(later), 0), (Some(earlier), 0), (None, 1)] {
        let next = [(saved.id, slot)];
        assert_eq!(write!(bench, |conn| async { monitors::advance(conn, &next).await }).unwrap(), moved);
    }
    // Without a next slot it is disabled: a scheduler that is late does not bring it back.
    let next = [(saved.id, Some(later))];
    assert_eq!(write!(bench, |conn| async { monitors::advance(conn, &next).await }).unwrap(), 0);
}

async fn concurrent_schedulers_get_different_monitors(bench: Bench) {
    let now = bench.now();
    write!(bench, |conn| async {
        for n in 0..20 {
            let document = collection(&format!("c{n}"), json!({ "schedule": { "every": "1m" } }));
            collections::create(conn, &document, now).await?;
        }
        Ok(())
    })
    .unwrap();
    let mut ticks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let bench = bench.clone();
        ticks.spawn(async move {
            let next = bench.after(60);
            write!(bench, |conn| async {
                let due = monitors::due(conn, now, 4).await?;
                let all: Vec<_> = due.iter().map(|one| (one.monitor.id, Some(next))).collect();
                assert_eq!(monitors::advance(conn, &all).await?, due.len());
                Ok(due)
            })
            .unwrap()
        });
    }
    let mut ids: Vec<_> = ticks.join_all().await.into_iter().flatten().map(|due| due.monitor.id).collect();
    let taken = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), taken);
    assert!(taken >= 4, "{taken}");
}

async fn documents_are_paged(bench: Bench) {
    for n in 0..5 {
        bench.clock.advance(TimeDelta::seconds(1));
        let (now, id) = (bench.now(), format!("c{n}"));
        write!(bench, |conn| async {
            collections::create(conn, &collection(&id, json!({})), now).await?;
            channels::create(conn, &channel(&id), now).await?;
            monitors::create(conn, &monitor(&id, &[&id], json!({})), now).await
        })
        .unwrap();
    }
    let conn = &mut bench.conn().await;
    let first = collections::list(conn, Page::first(3)).await.unwrap();
    let ids: Vec<_> = first.data.iter().map(|saved| saved.document.id.as_str()).collect();
    assert_eq!(ids, ["c4", "c3", "c2"]);
    let rest = Page { limit: 3, cursor: first.next_cursor };
    let rest = collections::list(conn, rest).await.unwrap();
    assert_eq!((rest.data.len(), rest.next_cursor), (2, None));
    assert_eq!(monitors::list(conn, Page::first(5)).await.unwrap().data.len(), 5);
    assert_eq!(channels::list(conn, Page::first(5)).await.unwrap().data[0].document.id, slug("c4"));
}

async fn a_changed_channel_is_not_broken_any_more(bench: Bench) {
    let now = bench.now();
    let saved = write!(bench, |conn| channels::create(conn, &channel("hook"), now)).unwrap();
    let first = write!(bench, |conn| async {
        let first = channels::mark_broken(conn, &saved, "410 Gone", now).await?;
        Ok((first, channels::mark_broken(conn, &saved, "404 Not Found", now).await?))
    });
    assert_eq!(first.unwrap(), (true, false), "only one finds it out");
    let some = channels::get_by_slugs(&mut bench.conn().await, &[slug("hook"), slug("none")]).await.unwrap();
    assert_eq!(some.iter().map(|saved| saved.broken.as_deref()).collect::<Vec<_>>(), [Some("404 Not Found")]);
    let same = write!(bench, |conn| channels::replace(conn, &channel("hook"), now)).unwrap();
    assert_eq!((same.0, same.1.broken.is_some()), (Change::Unchanged, true));
    let named = Channel { name: Some("Hook".to_owned()), ..channel("hook") };
    let changed = write!(bench, |conn| channels::replace(conn, &named, now)).unwrap();
    assert_eq!((changed.0, changed.1.broken), (Change::Replaced, None));
}
