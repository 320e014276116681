//! Notifications: one row per event and channel (I8), one serial lane per incident and channel, nothing told that was over
//! before it could be told (I9).

use chrono::TimeDelta;
use domain::{
    id::{IncidentId, NotificationId, WorkerId},
    notification::{Notice, NotificationKind as Kind, NotificationState as State, Subject},
};
use store::{
    Page, channels, incidents,
    notifications::{self, Delivery, NewNotification, Redelivery},
    paces::{self, Pace},
};

use crate::{
    fixtures::{channel, event, incident, slug},
    harness::{Bench, conformance, write},
};

conformance! {
    an_event_is_told_once_per_channel
    a_lane_is_worked_through_in_order
    lanes_do_not_wait_for_each_other
    a_retry_waits_and_holds_its_lane
    a_stale_attempt_records_nothing
    a_dead_notification_lets_the_next_one_through
    an_unsent_opening_and_its_resolve_are_both_suppressed
    an_opening_that_may_have_arrived_is_followed_by_its_resolve
    an_opening_that_was_refused_for_certain_is_not
    an_end_that_was_told_is_told_once_more_and_one_that_waits_is_not
    a_notification_of_a_lost_notifier_is_tried_again
    concurrent_notifiers_never_share_a_lane
    a_pending_notification_is_woken_again
    every_attempt_is_kept
    what_is_dead_is_sent_again_when_somebody_asks
    a_turn_is_waited_for_in_the_row
    turns_are_given_to_all_notifiers_together
    turns_that_are_used_late_count_from_then
    what_is_about_no_incident_is_pruned_by_itself
    a_mended_channel_is_told_where_its_outage_was
}

/// An incident with these events for the channel `hook`, in order.
async fn told(bench: &Bench, kinds: &[Kind]) -> (IncidentId, Vec<NotificationId>) {
    let (new, now) = (incident(bench), bench.now());
    let id = new.id;
    // Another incident of the same monitor may be open: this is not about that.
    let new = domain::incident::Incident { monitor_id: Some(domain::id::MonitorId::random(now)), ..new };
    write!(bench, |conn| incidents::open(conn, &new)).unwrap();
    let rows: Vec<_> = (0..).zip(kinds).map(|(sequence, kind)| event(id, sequence, *kind, now)).collect();
    let ids = write!(bench, |conn| notifications::insert(conn, &rows)).unwrap();
    assert_eq!(ids.len(), kinds.len());
    (id, ids)
}

/// The attempt that was claimed, for half a minute.
async fn claim(bench: &Bench, id: NotificationId) -> Option<u32> {
    let (worker, now, until) = (WorkerId::random(bench.now()), bench.now(), bench.after(30));
    let claimed = write!(bench, |conn| notifications::claim(conn, id, worker, now, until)).unwrap();
    claimed.map(|claimed| {
        assert_eq!((claimed.id, claimed.state), (id, State::Sending));
        claimed.attempt
    })
}

async fn sent(bench: &Bench, id: NotificationId, attempt: u32) -> bool {
    let now = bench.now();
    write!(bench, |conn| notifications::record_sent(conn, id, attempt, "202 Accepted", now)).unwrap()
}

async fn retry(bench: &Bench, id: NotificationId, attempt: u32, delivery: Delivery) -> bool {
    let at = bench.after(30);
    write!(bench, |conn| notifications::record_retry(conn, id, attempt, "503", delivery, at)).unwrap()
}

async fn states(bench: &Bench, incident: IncidentId) -> Vec<State> {
    let all = notifications::of_incident(&mut bench.conn().await, incident).await.unwrap();
    all.into_iter().map(|notification| notification.state).collect()
}

async fn an_event_is_told_once_per_channel(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened]).await;
    let now = bench.now();
    let again = event(incident, 0, Kind::Opened, now);
    let other = NewNotification { channel: slug("mail"), ..event(incident, 0, Kind::Opened, now) };
    let expected = other.id;
    let inserted = write!(bench, |conn| notifications::insert(conn, &[again, other])).unwrap();
    assert_eq!(inserted, [expected]);
    let listed =
        notifications::of_channel(&mut bench.conn().await, &slug("hook"), Page::first(9)).await.unwrap();
    assert_eq!(listed.data.iter().map(|notification| notification.id).collect::<Vec<_>>(), ids);
}

async fn a_lane_is_worked_through_in_order(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened, Kind::Reminded, Kind::Reminded]).await;
    assert_eq!(claim(&bench, ids[1]).await, None);
    assert_eq!(claim(&bench, ids[0]).await, Some(1));
    assert_eq!(claim(&bench, ids[0]).await, None);
    assert_eq!(claim(&bench, ids[1]).await, None);
    assert!(sent(&bench, ids[0], 1).await);
    assert_eq!(claim(&bench, ids[2]).await, None);
    assert_eq!(claim(&bench, ids[1]).await, Some(1));
    assert_eq!(states(&bench, incident).await, [State::Sent, State::Sending, State::Pending]);
    let first = notifications::get(&mut bench.conn().await, ids[0]).await.unwrap().unwrap();
    assert_eq!((first.sent_at, first.last_answer.as_deref()), (Some(bench.now()), Some("202 Accepted")));
}

async fn lanes_do_not_wait_for_each_other(bench: Bench) {
    let ((_, first), (_, second)) =
        (told(&bench, &[Kind::Opened]).await, told(&bench, &[Kind::Opened]).await);
    assert_eq!(claim(&bench, first[0]).await, Some(1));
    assert_eq!(claim(&bench, second[0]).await, Some(1));
}

async fn a_retry_waits_and_holds_its_lane(bench: Bench) {
    let (_, ids) = told(&bench, &[Kind::Opened, Kind::Reminded]).await;
    claim(&bench, ids[0]).await;
    assert!(retry(&bench, ids[0], 1, Delivery::Refused).await);
    assert_eq!(claim(&bench, ids[0]).await, None);
    assert_eq!(claim(&bench, ids[1]).await, None);
    bench.clock.advance(TimeDelta::seconds(30));
    assert_eq!(claim(&bench, ids[1]).await, None);
    assert_eq!(claim(&bench, ids[0]).await, Some(2));
}

async fn a_stale_attempt_records_nothing(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened]).await;
    claim(&bench, ids[0]).await;
    assert!(!sent(&bench, ids[0], 2).await);
    assert!(!retry(&bench, ids[0], 0, Delivery::Unknown).await);
    assert_eq!(states(&bench, incident).await, [State::Sending]);
    assert!(sent(&bench, ids[0], 1).await);
    assert!(!retry(&bench, ids[0], 1, Delivery::Unknown).await);
    assert_eq!(states(&bench, incident).await, [State::Sent]);
}

async fn a_dead_notification_lets_the_next_one_through(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened, Kind::Resolved]).await;
    // The resolve came while the opening was on its way.
    let (id, now) = (ids[0], bench.now());
    let worker = WorkerId::random(now);
    crate::harness::execute(&bench.place, "UPDATE notifications SET kind = 'reminded' WHERE kind = 'opened'")
        .await
        .unwrap();
    let until = bench.after(30);
    write!(bench, |conn| notifications::claim(conn, id, worker, now, until)).unwrap().unwrap();
    assert!(write!(bench, |conn| notifications::record_dead(conn, id, 1, "404", now)).unwrap());
    assert_eq!(states(&bench, incident).await, [State::Dead, State::Pending]);
    assert_eq!(claim(&bench, ids[1]).await, Some(1));
}

async fn an_unsent_opening_and_its_resolve_are_both_suppressed(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened, Kind::Reminded, Kind::Resolved]).await;
    assert_eq!(claim(&bench, ids[0]).await, None);
    assert_eq!(states(&bench, incident).await, [State::Suppressed; 3]);
    assert_eq!(claim(&bench, ids[2]).await, None);
}

async fn resolved_after_a_try(bench: &Bench, delivery: Delivery) -> (IncidentId, NotificationId) {
    let (incident, ids) = told(bench, &[Kind::Opened]).await;
    claim(bench, ids[0]).await;
    assert!(retry(bench, ids[0], 1, delivery).await);
    bench.clock.advance(TimeDelta::seconds(30));
    let resolved = event(incident, 1, Kind::Resolved, bench.now());
    let end = resolved.id;
    write!(bench, |conn| notifications::insert(conn, &[resolved])).unwrap();
    assert_eq!(claim(bench, ids[0]).await, None);
    (incident, end)
}

async fn an_opening_that_may_have_arrived_is_followed_by_its_resolve(bench: Bench) {
    let (incident, end) = resolved_after_a_try(&bench, Delivery::Unknown).await;
    assert_eq!(states(&bench, incident).await, [State::Suppressed, State::Pending]);
    assert_eq!(claim(&bench, end).await, Some(1));
}

async fn an_opening_that_was_refused_for_certain_is_not(bench: Bench) {
    let (incident, end) = resolved_after_a_try(&bench, Delivery::Refused).await;
    assert_eq!(states(&bench, incident).await, [State::Suppressed; 2]);
    assert_eq!(claim(&bench, end).await, None);
}

async fn an_end_that_was_told_is_told_once_more_and_one_that_waits_is_not(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened]).await;
    let (opened, now) = (ids[0], bench.now());
    let again = || {
        let bench = bench.clone();
        async move { write!(bench, |conn| notifications::tell_end_again(conn, opened, now)).unwrap() }
    };
    claim(&bench, opened).await.unwrap();
    assert!(sent(&bench, opened, 1).await);
    assert_eq!(again().await, None, "it is not over");
    let end = event(incident, 1, Kind::Resolved, now);
    let end = write!(bench, |conn| notifications::insert(conn, &[end])).unwrap()[0];
    assert_eq!(again().await, None, "it waits, and comes after all that was sent");
    claim(&bench, end).await.unwrap();
    let second = again().await.expect("somebody is telling it, perhaps too soon");
    assert_eq!(claim(&bench, second).await, None, "one after the other");
    assert!(sent(&bench, end, 1).await);
    assert_eq!(again().await, None, "the second one waits");
    assert_eq!(claim(&bench, second).await, Some(1));
    assert!(sent(&bench, second, 1).await);
    assert!(again().await.is_some());
    assert_eq!(states(&bench, incident).await, [State::Sent, State::Sent, State::Sent, State::Pending]);
}

async fn a_notification_of_a_lost_notifier_is_tried_again(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened]).await;
    claim(&bench, ids[0]).await;
    bench.clock.advance(TimeDelta::seconds(29));
    let now = bench.now();
    assert_eq!(write!(bench, |conn| notifications::reap(conn, now, 10)).unwrap(), []);
    bench.clock.advance(TimeDelta::seconds(1));
    let now = bench.now();
    assert_eq!(write!(bench, |conn| notifications::reap(conn, now, 10)).unwrap(), ids);
    assert!(!sent(&bench, ids[0], 2).await);
    // What was sent before the notifier was lost is unknown, so a resolve is told.
    let resolved = event(incident, 1, Kind::Resolved, now);
    write!(bench, |conn| notifications::insert(conn, &[resolved])).unwrap();
    assert_eq!(claim(&bench, ids[0]).await, None);
    assert_eq!(states(&bench, incident).await, [State::Suppressed, State::Pending]);
}

async fn concurrent_notifiers_never_share_a_lane(bench: Bench) {
    let (incident, ids) = told(&bench, &[Kind::Opened, Kind::Reminded, Kind::Acknowledged]).await;
    for expected in &ids {
        let mut notifiers = tokio::task::JoinSet::new();
        for id in ids.iter().cycle().take(9) {
            let (bench, id) = (bench.clone(), *id);
            notifiers.spawn(async move { claim(&bench, id).await.map(|_| id) });
        }
        let claimed: Vec<_> = notifiers.join_all().await.into_iter().flatten().collect();
        assert_eq!(claimed, [*expected]);
        assert!(sent(&bench, *expected, 1).await);
    }
    assert_eq!(states(&bench, incident).await, [State::Sent; 3]);
}

async fn woken(bench: &Bench) -> Vec<NotificationId> {
    let now = bench.now();
    let mut woken = write!(bench, |conn| notifications::wake(conn, now, 10)).unwrap();
    woken.sort();
    woken
}

async fn a_pending_notification_is_woken_again(bench: Bench) {
    let (_, ids) = told(&bench, &[Kind::Opened, Kind::Reminded]).await;
    let mut both = ids.clone();
    both.sort();
    assert_eq!(woken(&bench).await, both);
    assert_eq!(woken(&bench).await, []);
    bench.clock.advance(TimeDelta::seconds(10));
    assert_eq!(woken(&bench).await, both);
    let (first, now) = (ids[0], bench.now());
    write!(bench, |conn| notifications::wake_again(conn, &[first], now)).unwrap();
    assert_eq!(woken(&bench).await, [first]);
    // As soon as the first is out of the way, the one behind it is woken.
    claim(&bench, first).await;
    assert!(sent(&bench, first, 1).await);
    assert_eq!(woken(&bench).await, [ids[1]]);
}

async fn every_attempt_is_kept(bench: Bench) {
    let (_, ids) = told(&bench, &[Kind::Opened]).await;
    let id = ids[0];
    claim(&bench, id).await.unwrap();
    assert!(retry(&bench, id, 1, Delivery::Refused).await);
    bench.clock.advance(TimeDelta::seconds(30));
    claim(&bench, id).await.unwrap();
    bench.clock.advance(TimeDelta::seconds(30));
    let now = bench.now();
    write!(bench, |conn| notifications::reap(conn, now, 10)).unwrap();
    assert_eq!(claim(&bench, id).await, Some(3));
    let answer = notifications::Answered { status: Some(410), text: "410 gone" };
    write!(bench, |conn| notifications::record_dead(conn, id, 3, answer, now)).unwrap();
    let all = notifications::attempts(&mut bench.conn().await, id).await.unwrap();
    let shown: Vec<_> = all
        .iter()
        .map(|one| (one.attempt, one.status, one.answer.as_deref(), one.ended_at.is_some()))
        .collect();
    let expected =
        [(1, None, Some("503"), true), (2, None, None, false), (3, Some(410), Some("410 gone"), true)];
    assert_eq!(shown, expected);
}

async fn what_is_dead_is_sent_again_when_somebody_asks(bench: Bench) {
    let (_, ids) = told(&bench, &[Kind::Opened, Kind::Resolved]).await;
    let (opened, resolved, now) = (ids[0], ids[1], bench.now());
    let again = |id| {
        let bench = bench.clone();
        async move {
            let now = bench.now();
            write!(bench, |conn| notifications::redeliver(conn, id, now)).unwrap()
        }
    };
    assert_eq!(again(NotificationId::random(now)).await, None);
    assert_eq!(again(resolved).await, Some(Redelivery::NotDead(State::Pending)));
    let (_, alone) = told(&bench, &[Kind::Opened]).await;
    let alone = alone[0];
    claim(&bench, alone).await.unwrap();
    write!(bench, |conn| notifications::record_dead(conn, alone, 1, "410", now)).unwrap();
    bench.clock.advance(TimeDelta::hours(30));
    let Some(Redelivery::Again(pending)) = again(alone).await else { panic!("not again") };
    assert_eq!((pending.state, pending.worth_until), (State::Pending, bench.after(24 * 3600)));
    assert_eq!(claim(&bench, alone).await, Some(2));
    // An opening must not come after the end.
    let now = bench.now();
    let dead = "UPDATE notifications SET state = 'dead', wake_at = NULL, next_attempt_at = NULL WHERE kind = 'opened' \
                AND state = 'pending'";
    crate::harness::execute(&bench.place, dead).await.unwrap();
    assert_eq!(again(opened).await, Some(Redelivery::Over(resolved)));
    assert!(now > pending.created_at);
}

async fn a_turn_is_waited_for_in_the_row(bench: Bench) {
    let (_, ids) = told(&bench, &[Kind::Opened]).await;
    let (id, later) = (ids[0], bench.after(45));
    claim(&bench, id).await.unwrap();
    write!(bench, |conn| async {
        assert!(!notifications::use_turn(conn, id).await?);
        notifications::postpone(conn, id, 1, later).await
    })
    .unwrap();
    assert_eq!(claim(&bench, id).await, None);
    assert_eq!(notifications::attempts(&mut bench.conn().await, id).await.unwrap(), []);
    bench.clock.advance(TimeDelta::seconds(45));
    assert_eq!(claim(&bench, id).await, Some(1), "that was no attempt");
    let used = write!(bench, |conn| async {
        Ok((notifications::use_turn(conn, id).await?, notifications::use_turn(conn, id).await?))
    });
    assert_eq!(used.unwrap(), (true, false));
}

async fn turns_are_given_to_all_notifiers_together(bench: Bench) {
    let pace = Pace { key: "k".to_owned(), count: 5, period: std::time::Duration::from_secs(60) };
    let ask = |key: &str| {
        let (bench, now, pace) = (bench.clone(), bench.now(), Pace { key: key.to_owned(), ..pace.clone() });
        tokio::spawn(async move { write!(bench, |conn| paces::give(conn, &pace, now)).unwrap() })
    };
    let asked: Vec<_> = (0..12).map(|_| ask("k")).collect();
    let mut given = Vec::new();
    for one in asked {
        given.push((one.await.unwrap() - bench.now()).num_seconds());
    }
    given.sort_unstable();
    assert_eq!(given, [0, 0, 0, 0, 0, 60, 60, 60, 60, 60, 120, 120]);
    assert_eq!(ask("other").await.unwrap(), bench.now());
}

async fn turns_that_are_used_late_count_from_then(bench: Bench) {
    let pace = Pace { key: "k".to_owned(), count: 2, period: std::time::Duration::from_secs(60) };
    let take = || {
        let (bench, pace) = (bench.clone(), pace.clone());
        async move { write!(bench, |conn| paces::take(conn, &pace)).unwrap() }
    };
    let began = bench.now();
    for _ in 0..6 {
        let pace = pace.clone();
        write!(bench, |conn| paces::give(conn, &pace, began)).unwrap();
    }
    // Nobody could send for ten minutes: all six have their turns.
    bench.clock.advance(TimeDelta::minutes(10));
    assert_eq!((take().await, take().await), (None, None));
    let room = began + TimeDelta::minutes(11);
    assert_eq!((take().await, take().await), (Some(room), Some(room)));
    bench.clock.advance(TimeDelta::minutes(1));
    assert_eq!((take().await, take().await), (None, None));
}

/// What another channel is told about `hook`.
fn outage(bench: &Bench) -> NewNotification {
    let subject =
        Subject::BrokenChannel { channel: slug("hook"), why: "410".into(), untold: "It is down".into() };
    let new = event(IncidentId::random(bench.now()), 0, Kind::Opened, bench.now());
    NewNotification { channel: slug("mail"), notice: Notice { subject, ..new.notice }, ..new }
}

async fn what_is_about_no_incident_is_pruned_by_itself(bench: Bench) {
    let new = outage(&bench);
    let id = new.id;
    write!(bench, |conn| notifications::insert(conn, &[new])).unwrap();
    let now = bench.now();
    let prune = |before| {
        let bench = bench.clone();
        async move { write!(bench, |conn| store::retention::prune(conn, before, 10)).unwrap().notifications }
    };
    assert_eq!(prune(now).await, 0);
    claim(&bench, id).await.unwrap();
    assert_eq!(prune(bench.after(1)).await, 1, "with its attempts");
    assert_eq!(notifications::get(&mut bench.conn().await, id).await.unwrap(), None);
}

async fn a_mended_channel_is_told_where_its_outage_was(bench: Bench) {
    let (now, new) = (bench.now(), outage(&bench));
    let lane = new.notice.incident;
    let saved = write!(bench, |conn| channels::create(conn, &channel("hook"), now)).unwrap();
    let tried = saved.clone();
    write!(bench, |conn| async {
        channels::mark_broken(conn, &tried, "410", now).await?;
        notifications::insert(conn, &[new]).await?;
        channels::set_outage(conn, &slug("hook"), lane, &slug("mail")).await
    })
    .unwrap();
    for _ in 0..2 {
        let tried = saved.clone();
        write!(bench, |conn| channels::mark_whole(conn, &tried, now)).unwrap();
    }
    let told = notifications::of_incident(&mut bench.conn().await, lane).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|one| (one.kind, one.sequence, one.channel.as_str())).collect();
    assert_eq!(kinds, [(Kind::Opened, 0, "mail"), (Kind::Resolved, 1, "mail")]);
    let whole = channels::get(&mut bench.conn().await, &slug("hook")).await.unwrap().unwrap();
    assert_eq!((whole.broken, whole.broken_since), (None, None));
}
