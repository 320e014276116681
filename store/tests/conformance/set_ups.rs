//! Shared set-ups: one fetch for many who ask, kept where only its row can be read from, and told when it failed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    document::Slug,
    id::{CollectionId, RunId, WorkerId},
    incident::{Fresh, Incident, IncidentState, Observation, SharedCause},
    notification::Notification,
    outcome::{Outcome, Reason, ReasonCode},
    set_up::{Ask, Belief, Failed, Fetch},
};
use serde_json::{Map, Value, json};
use store::{
    Error, Page, SecretKey, channels, collections, health,
    incidents::{self, Cause},
    monitors::{self, SavedMonitor},
    notifications,
    set_ups::{self, Claim, Claimed, Look, Place, Sealed},
};

use crate::{
    fixtures::{channel, collection, failed as failed_run, monitor, slug, worker},
    harness::{Bench, conformance, execute, holds, write},
};

conformance! {
    of_twenty_that_ask_at_once_one_fetches
    what_is_kept_is_sealed_for_its_row_and_generation
    nothing_that_was_captured_is_in_clear_in_the_database
    a_fetch_ends_with_its_worker_and_another_takes_over
    a_fetch_that_was_taken_over_leaves_nothing
    a_claim_whose_answer_got_lost_is_still_ours
    what_is_left_to_others_is_free_at_once
    a_failure_is_everybody_s_for_a_while
    what_the_target_refused_is_fetched_anew
    a_new_version_or_a_changed_environment_is_another_set_up
    a_collection_that_is_used_is_not_deleted
    what_nobody_may_take_any_more_is_forgotten
    of_many_that_fail_for_one_cause_at_once_one_tells_a_channel
}

async fn saved(bench: &Bench) -> CollectionId {
    let now = bench.now();
    let document = collection("login", json!({}));
    write!(bench, |conn| collections::create(conn, &document, now)).unwrap().id
}

async fn place(bench: &Bench) -> Place {
    let collection = saved(bench).await;
    Place { collection, environment: Some(slug("prod")), version: 1, environment_at: Some(bench.now()) }
}

fn ask() -> Ask {
    Ask { set_up: slug("login"), ttl: Duration::from_secs(60), newer_than: None }
}

fn fetch(bench: &Bench) -> Fetch {
    Fetch { by: RunId::random(bench.now()), at: bench.now(), steps: Vec::new() }
}

fn captures() -> Map<String, Value> {
    json!({ "token": "tok-plain-text", "n": 7 }).as_object().unwrap().clone()
}

async fn look(bench: &Bench, place: &Place, ask: &Ask) -> Look {
    set_ups::look(&mut bench.conn().await, place, ask, Belief::Any, bench.now()).await.unwrap()
}

async fn claim(bench: &Bench, place: &Place, ask: &Ask, worker: WorkerId) -> Claimed {
    claim_until(bench, place, ask, (worker, bench.after(90))).await
}

async fn claim_until(
    bench: &Bench,
    place: &Place,
    ask: &Ask,
    (worker, until): (WorkerId, DateTime<Utc>),
) -> Claimed {
    let (place, ask, now) = (place.clone(), ask.clone(), bench.now());
    write!(bench, |conn| async {
        set_ups::claim(conn, &place, &ask, Belief::Any, (worker, until), now).await
    })
    .unwrap()
}

async fn ours(bench: &Bench, place: &Place, ask: &Ask, worker: WorkerId) -> Claim {
    match claim(bench, place, ask, worker).await {
        Claimed::Ours(claim) => claim,
        Claimed::Not(look) => panic!("it is not to be fetched: {look:?}"),
    }
}

async fn keep(bench: &Bench, claim: Claim) -> bool {
    let sealed = Sealed::seal(bench.store.secrets_key(), &claim, &captures(), fetch(bench)).unwrap();
    write!(bench, |conn| async { set_ups::keep(conn, &claim, &sealed).await }).unwrap()
}

fn taken(look: Look) -> Sealed {
    match look {
        Look::Take(sealed) => sealed,
        other => panic!("expected captures, got {other:?}"),
    }
}

fn failed(bench: &Bench) -> Failed {
    let reason = Reason::new(ReasonCode::BadStatus, "status: expected 200, found 503").at_step("post");
    Failed { outcome: Outcome::Failed, reason, fetch: Some(Box::new(fetch(bench))) }
}

async fn of_twenty_that_ask_at_once_one_fetches(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let asking = (0..20).map(|number| {
        let (bench, place, until) = (bench.clone(), place.clone(), bench.after(90 + number));
        tokio::spawn(async move { claim_until(&bench, &place, &ask(), (worker, until)).await })
    });
    let (mut claims, mut waiting) = (Vec::new(), 0);
    for one in asking.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Claimed::Ours(claim) => claims.push(claim),
            Claimed::Not(Look::Wait) => waiting += 1,
            Claimed::Not(other) => panic!("nobody has fetched anything yet: {other:?}"),
        }
    }
    assert_eq!((claims.len(), waiting), (1, 19));
    assert!(matches!(look(&bench, &place, &ask()).await, Look::Wait));
    assert!(keep(&bench, claims.remove(0)).await);
    let there = taken(look(&bench, &place, &ask()).await);
    assert_eq!((there.generation, there.open(bench.store.secrets_key()).unwrap()), (1, captures()));
}

async fn what_is_kept_is_sealed_for_its_row_and_generation(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    assert!(keep(&bench, claim).await);
    assert!(taken(look(&bench, &place, &ask()).await).open(&SecretKey::new([8; 32])).is_err());
    // The bytes of one environment do not open as those of another, nor as another generation's.
    execute(&bench.place, "UPDATE set_ups SET environment = 'other'").await.unwrap();
    let other = Place { environment: Some(slug("other")), ..place };
    assert!(taken(look(&bench, &other, &ask()).await).open(bench.store.secrets_key()).is_err());
    execute(&bench.place, "UPDATE set_ups SET environment = 'prod', generation = 2").await.unwrap();
    let prod = Place { environment: Some(slug("prod")), ..other };
    assert!(taken(look(&bench, &prod, &ask()).await).open(bench.store.secrets_key()).is_err());
}

async fn nothing_that_was_captured_is_in_clear_in_the_database(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    assert!(keep(&bench, claim).await);
    assert!(holds(&bench.place, "https://example.com"), "the search finds what is in clear");
    assert!(!holds(&bench.place, "tok-plain-text"));
}

async fn a_fetch_ends_with_its_worker_and_another_takes_over(bench: Bench) {
    let (place, first) = (place(&bench).await, worker(&bench).await);
    ours(&bench, &place, &ask(), first).await;
    bench.clock.advance(TimeDelta::seconds(5));
    let second = worker(&bench).await;
    assert!(matches!(claim(&bench, &place, &ask(), second).await, Claimed::Not(Look::Wait)));
    bench.clock.advance(TimeDelta::seconds(3));
    assert!(matches!(look(&bench, &place, &ask()).await, Look::Free), "the lease of the first is over");
    ours(&bench, &place, &ask(), second).await;
}

async fn a_fetch_that_was_taken_over_leaves_nothing(bench: Bench) {
    let (place, first) = (place(&bench).await, worker(&bench).await);
    let late = ours(&bench, &place, &ask(), first).await;
    bench.clock.advance(TimeDelta::seconds(8));
    let second = worker(&bench).await;
    let claim = ours(&bench, &place, &ask(), second).await;
    assert!(!keep(&bench, late.clone()).await);
    let (failed, now) = (failed(&bench), bench.now());
    assert!(!write!(bench, |conn| async { set_ups::fail(conn, &late, &failed, now).await }).unwrap());
    assert!(matches!(look(&bench, &place, &ask()).await, Look::Wait));
    assert!(keep(&bench, claim).await);
}

async fn a_claim_whose_answer_got_lost_is_still_ours(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim_of = ours(&bench, &place, &ask(), worker).await;
    assert_eq!(ours(&bench, &place, &ask(), worker).await.generation, claim_of.generation);
    assert!(keep(&bench, claim_of).await);
}

async fn what_is_left_to_others_is_free_at_once(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    assert!(write!(bench, |conn| async { set_ups::release(conn, &claim).await }).unwrap());
    assert!(matches!(look(&bench, &place, &ask()).await, Look::Free));
}

async fn a_failure_is_everybody_s_for_a_while(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    let (why, now) = (failed(&bench), bench.now());
    assert!(write!(bench, |conn| async { set_ups::fail(conn, &claim, &why, now).await }).unwrap());
    let Look::Failed(told) = look(&bench, &place, &ask()).await else { panic!("it failed a moment ago") };
    assert_eq!((told.outcome, told.reason), (Outcome::Failed, failed(&bench).reason));
    let confirms =
        set_ups::look(&mut bench.conn().await, &place, &ask(), Belief::Repeated, bench.now()).await;
    assert!(matches!(confirms.unwrap(), Look::Free), "a confirmation looks again");
    bench.clock.advance(TimeDelta::seconds(5));
    assert!(matches!(look(&bench, &place, &ask()).await, Look::Free));
    // What passes makes it forgotten.
    let claim = ours(&bench, &place, &ask(), worker).await;
    assert!(keep(&bench, claim).await);
    taken(look(&bench, &place, &ask()).await);
}

async fn what_the_target_refused_is_fetched_anew(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    keep(&bench, claim).await;
    let refused = Ask { newer_than: Some(1), ..ask() };
    let claim = ours(&bench, &place, &refused, worker).await;
    taken(look(&bench, &place, &ask()).await);
    assert!(matches!(look(&bench, &place, &refused).await, Look::Wait));
    keep(&bench, claim).await;
    assert_eq!(taken(look(&bench, &place, &refused).await).generation, 2);
    bench.clock.advance(TimeDelta::seconds(60));
    assert!(matches!(look(&bench, &place, &ask()).await, Look::Free), "too old for this one");
    taken(look(&bench, &place, &Ask { ttl: Duration::from_secs(90), ..ask() }).await);
}

async fn a_new_version_or_a_changed_environment_is_another_set_up(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    keep(&bench, claim).await;
    let elsewhere = Place { environment: None, environment_at: None, ..place.clone() };
    assert!(matches!(look(&bench, &elsewhere, &ask()).await, Look::Free));
    let edited = Place { version: 2, ..place.clone() };
    let rotated = Place { environment_at: Some(bench.after(1)), ..place.clone() };
    for newer in [&edited, &rotated] {
        assert!(matches!(look(&bench, newer, &ask()).await, Look::Free));
    }
    let claim = ours(&bench, &edited, &ask(), worker).await;
    assert!(matches!(look(&bench, &edited, &ask()).await, Look::Wait), "what was captured before has gone");
    keep(&bench, claim).await;
    assert_eq!(taken(look(&bench, &edited, &ask()).await).generation, 2);
    // Whoever has yet to hear of the edit takes what is newer.
    assert_eq!(taken(look(&bench, &place, &ask()).await).generation, 2);
}

async fn a_collection_that_is_used_is_not_deleted(bench: Bench) {
    saved(&bench).await;
    let now = bench.now();
    let users = |id: &str| collection(id, json!({ "uses": [{ "collection": "login" }] }));
    let shop = users("shop");
    write!(bench, |conn| collections::create(conn, &shop, now)).unwrap();
    let named: Vec<Slug> = collections::users(&mut bench.conn().await, &slug("login"))
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.id)
        .collect();
    assert_eq!(named, [slug("shop")]);
    let login = slug("login");
    let refused = write!(bench, |conn| collections::delete(conn, &login));
    assert!(matches!(refused, Err(Error::InUse { by, .. }) if by[0].1 == slug("shop")));
    let lost = collection("lost", json!({ "uses": [{ "collection": "nowhere" }] }));
    assert!(matches!(write!(bench, |conn| collections::create(conn, &lost, now)), Err(Error::Missing(_))));
    let free = collection("shop", json!({}));
    write!(bench, |conn| collections::replace(conn, &free, now)).unwrap();
    let login = slug("login");
    assert!(write!(bench, |conn| collections::delete(conn, &login)).unwrap());
}

async fn what_nobody_may_take_any_more_is_forgotten(bench: Bench) {
    let (place, worker) = (place(&bench).await, worker(&bench).await);
    let claim = ours(&bench, &place, &ask(), worker).await;
    keep(&bench, claim).await;
    let long = Ask { ttl: Duration::from_secs(2 * 24 * 3600), ..ask() };
    bench.clock.advance(TimeDelta::seconds(24 * 3600));
    let older_than = bench.now() - TimeDelta::days(30);
    write!(bench, |conn| store::retention::prune(conn, older_than, 10)).unwrap();
    taken(look(&bench, &place, &long).await);
    bench.clock.advance(TimeDelta::seconds(2 * 3600));
    write!(bench, |conn| store::retention::prune(conn, older_than, 10)).unwrap();
    assert!(matches!(look(&bench, &place, &long).await, Look::Free));
}

/// Folds a run of a monitor that failed for the set-up.
async fn fails(bench: Bench, monitor: SavedMonitor, collection: CollectionId) {
    let (key, now, rules) = ((monitor.id, collection), bench.now(), monitor.document.alerts.clone());
    let shared = SharedCause { set_up: slug("login"), environment: Some(slug("prod")) };
    let cause = Cause {
        monitor: monitor.document.id,
        collection: slug("shop"),
        collection_name: "Shop".to_owned(),
        location: slug("default"),
        run: RunId::random(now),
        reason: Some(Reason::new(ReasonCode::SetUpFailed, "the login is down").caused_by(&shared.set_up)),
        step: None,
        assertion: None,
        shared: Some(shared.clone()),
    };
    let fold = bench.store.write(move |conn| {
        Box::pin(async move {
            let mut trackers = health::lock(conn, &[key], now).await?;
            incidents::lock_causes(conn, &[shared.clone()].into()).await?;
            let known_to = incidents::known_to(conn, key, &shared).await?;
            let failed = Observation { known_to: &known_to, ..failed_run(cause.run, now) };
            let changes = trackers.get_mut(&key).unwrap().observe(&rules, failed, Fresh::random(now));
            incidents::apply(conn, key, &cause, changes, now).await?;
            health::save(conn, &trackers, now).await
        })
    });
    fold.await.unwrap();
}

/// The incidents that are not resolved, and all that was told of any.
async fn told(bench: &Bench) -> (Vec<Incident>, Vec<Notification>) {
    let mut conn = bench.conn().await;
    let all = incidents::list(&mut conn, &incidents::Filter::default(), Page::first(50)).await.unwrap().data;
    let mut told = Vec::new();
    for incident in &all {
        told.extend(notifications::of_incident(&mut conn, incident.id).await.unwrap());
    }
    (all.into_iter().filter(|one| one.state != IncidentState::Resolved).collect(), told)
}

async fn of_many_that_fail_for_one_cause_at_once_one_tells_a_channel(bench: Bench) {
    let (place, worker, now) = (place(&bench).await, worker(&bench).await, bench.now());
    ours(&bench, &place, &ask(), worker).await;
    let pager = channel("pager");
    write!(bench, |conn| channels::create(conn, &pager, now)).unwrap();
    let document = collection("shop", json!({}));
    let shop = write!(bench, |conn| collections::create(conn, &document, now)).unwrap().id;
    let mut watched = Vec::new();
    for number in 0..8 {
        let alerts = json!({ "alerts": [{ "channels": ["pager"], "confirm": false }] });
        let document = monitor(&format!("watch-{number}"), &["shop"], alerts);
        watched.push(write!(bench, |conn| monitors::create(conn, &document, now)).unwrap());
    }
    let folds = watched.iter().map(|monitor| tokio::spawn(fails(bench.clone(), monitor.clone(), shop)));
    for fold in folds.collect::<Vec<_>>() {
        fold.await.unwrap();
    }
    let (open, first) = told(&bench).await;
    assert_eq!((open.len(), first.len()), (8, 1));

    // What was given up has reached nobody: another one tells.
    execute(&bench.place, "UPDATE notifications SET state = 'dead', next_attempt_at = NULL, wake_at = NULL")
        .await
        .unwrap();
    let leader = open.iter().position(|one| one.id == first[0].incident).unwrap();
    let others: Vec<_> =
        watched.iter().filter(|monitor| monitor.document.id != open[leader].monitor).cloned().collect();
    bench.clock.advance(TimeDelta::seconds(1));
    fails(bench.clone(), others[0].clone(), shop).await;
    assert_eq!(told(&bench).await.1.len(), 2);
    bench.clock.advance(TimeDelta::seconds(1));
    fails(bench.clone(), others[1].clone(), shop).await;
    assert_eq!(told(&bench).await.1.len(), 2, "and then it is known again");

    // Once that incident is about something else, it tells nobody of this cause.
    let teller = open.iter().find(|one| one.monitor == others[0].document.id).unwrap().id;
    write!(bench, |conn| incidents::let_go(conn, teller, None)).unwrap();
    bench.clock.advance(TimeDelta::seconds(1));
    fails(bench.clone(), others[1].clone(), shop).await;
    assert_eq!(told(&bench).await.1.len(), 3);
}
