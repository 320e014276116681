//! What people do about incidents: acknowledge, snooze, resolve, note, mute.

use chrono::TimeDelta;
use domain::{
    id::{CollectionId, IncidentId},
    incident::{IncidentState, Mute},
    notification::NotificationKind::{Acknowledged, Opened, Resolved},
};
use serde_json::json;
use store::{
    channels, collections,
    incidents::{self, Act, Acted},
    monitors::{self, SavedMonitor},
};

use crate::{
    fixtures::{collection, monitor, slug},
    harness::{Bench, conformance, write},
    incidents::{failing, state},
};

conformance! {
    an_incident_is_acknowledged_by_hand_once
    an_incident_that_is_resolved_by_hand_is_over
    an_incident_is_snoozed
    an_incident_that_is_over_or_never_was_is_left_alone
    notes_are_kept_in_their_order
    a_mute_stays_when_the_document_is_saved
}

/// A monitor of one collection, which tells a channel.
async fn watched(bench: &Bench) -> (SavedMonitor, CollectionId) {
    let now = bench.now();
    let pager = json!({ "id": "pager", "type": "webhook", "url": "https://example.com" });
    let pager = serde_json::from_value(pager).unwrap();
    write!(bench, |conn| channels::create(conn, &pager, now)).unwrap();
    let document = collection("shop", json!({}));
    let watch = monitor("watch", &["shop"], json!({ "alerts": [{ "channels": ["pager"] }] }));
    write!(bench, |conn| async {
        let shop = collections::create(conn, &document, now).await?;
        Ok((monitors::create(conn, &watch, now).await?, shop.id))
    })
    .unwrap()
}

async fn given_incident(bench: &Bench) -> IncidentId {
    let (monitor, collection) = watched(bench).await;
    failing(bench, &monitor, collection, "shop").await
}

async fn act(bench: &Bench, id: IncidentId, what: Act) -> Option<Acted> {
    let now = bench.now();
    write!(bench, |conn| incidents::act(conn, id, what, now)).unwrap()
}

async fn an_incident_is_acknowledged_by_hand_once(bench: Bench) {
    let id = given_incident(&bench).await;
    for _ in 0..2 {
        let Some(Acted::Done(incident)) = act(&bench, id, Act::Acknowledge).await else { panic!("it lasts") };
        assert_eq!(incident.acknowledged_at, Some(bench.now()));
    }
    assert_eq!(state(&bench, id).await, (IncidentState::Acknowledged, vec![Opened, Acknowledged]));
}

async fn an_incident_that_is_resolved_by_hand_is_over(bench: Bench) {
    let id = given_incident(&bench).await;
    assert!(matches!(act(&bench, id, Act::Resolve).await, Some(Acted::Done(_))));
    assert_eq!(state(&bench, id).await, (IncidentState::Resolved, vec![Opened, Resolved]));
    let monitor = monitors::get(&mut bench.conn().await, &slug("watch")).await.unwrap().unwrap();
    let shop = collections::get(&mut bench.conn().await, &slug("shop")).await.unwrap().unwrap();
    bench.clock.advance(TimeDelta::seconds(1));
    assert_ne!(failing(&bench, &monitor, shop.id, "shop").await, id, "the next failure opens another one");
}

async fn an_incident_is_snoozed(bench: Bench) {
    let (id, until) = (given_incident(&bench).await, bench.after(3600));
    let Some(Acted::Done(incident)) = act(&bench, id, Act::Snooze(until)).await else { panic!("it lasts") };
    assert_eq!(incident.snoozed_until, Some(until));
    assert_eq!(state(&bench, id).await, (IncidentState::Open, vec![Opened]));
}

async fn an_incident_that_is_over_or_never_was_is_left_alone(bench: Bench) {
    let id = given_incident(&bench).await;
    act(&bench, id, Act::Resolve).await;
    for what in [Act::Acknowledge, Act::Snooze(bench.after(1)), Act::Resolve] {
        assert!(matches!(act(&bench, id, what).await, Some(Acted::Over(_))), "{what:?}");
        assert_eq!(act(&bench, IncidentId::random(bench.now()), what).await, None);
    }
    assert_eq!(state(&bench, id).await, (IncidentState::Resolved, vec![Opened, Resolved]));
}

async fn notes_are_kept_in_their_order(bench: Bench) {
    let id = given_incident(&bench).await;
    let mut written = Vec::new();
    for (author, text) in [(Some("ada"), "the gateway is down"), (None, "it is up\nagain")] {
        bench.clock.advance(TimeDelta::seconds(1));
        let (author, text, now) = (author.map(str::to_owned), text.to_owned(), bench.now());
        let note = write!(bench, |conn| incidents::add_note(conn, id, author, text, now)).unwrap();
        written.push(note);
    }
    assert_eq!(incidents::notes_of(&mut bench.conn().await, id).await.unwrap(), written);
    let other = IncidentId::random(bench.now());
    assert_eq!(incidents::notes_of(&mut bench.conn().await, other).await.unwrap(), []);
}

async fn a_mute_stays_when_the_document_is_saved(bench: Bench) {
    let (saved, _) = watched(&bench).await;
    let (now, until) = (bench.now(), bench.after(60));
    let mute = Mute { since: now, until: Some(until), reason: Some("moving house".to_owned()) };
    let (name, kept) = (slug("watch"), mute.clone());
    let muted =
        write!(bench, |conn| async { monitors::mute(conn, &name, Some(kept)).await }).unwrap().unwrap();
    assert_eq!(
        (muted.muted.as_ref(), muted.is_muted(now), muted.is_muted(until)),
        (Some(&mute), true, false)
    );
    let document = saved.document.clone();
    let (_, again) = write!(bench, |conn| async { monitors::replace(conn, &document, now).await }).unwrap();
    assert_eq!(again.muted, Some(mute));
    let name = slug("watch");
    let ended = write!(bench, |conn| async { monitors::mute(conn, &name, None).await }).unwrap().unwrap();
    assert_eq!(ended.muted, None);
    let nobody = slug("nobody");
    assert_eq!(write!(bench, |conn| async { monitors::mute(conn, &nobody, None).await }).unwrap(), None);
}
