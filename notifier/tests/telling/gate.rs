//! Receivers that do not know a message for the same when it comes again.

use std::time::Duration;

use chaos::receivers::mailbox::{Greeting, Mailbox};
use chrono::TimeDelta;
use domain::{
    id::NotificationId,
    notification::NotificationState::{Pending, Sent},
};
use serde_json::json;
use tokio::time::sleep;

use crate::{bench::Bench, paces::openings};

async fn mailing() -> (Bench, Mailbox) {
    let (mut bench, mailbox) = (Bench::start().await, Mailbox::start(Greeting::Tls).await.unwrap());
    bench.mails_through(mailbox.url("open-sesame"), mailbox.ca.clone());
    bench.email(json!(["team@shop.test"])).await;
    (bench, mailbox)
}

async fn recorded(bench: &Bench, ids: &[NotificationId]) -> usize {
    let mut recorded = 0;
    for id in ids {
        recorded += usize::from(bench.get(*id).await.state == Sent);
    }
    recorded
}

/// Wakes all at once, and again when their time has come, until the server has all; says how many it had at the most that
/// were not recorded.
async fn most_at_risk(bench: &Bench, mailbox: &Mailbox, ids: &[NotificationId]) -> usize {
    for id in ids {
        bench.publish(*id).await;
    }
    let mut most = 0;
    loop {
        let got = mailbox.got().len();
        let recorded = recorded(bench, ids).await;
        most = most.max(got.saturating_sub(recorded));
        if recorded == ids.len() {
            return most;
        }
        bench.advance(TimeDelta::milliseconds(10));
        for id in bench.due().await {
            bench.publish(id).await;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_when_the_one_before_is_recorded() {
    let (bench, mailbox) = mailing().await;
    mailbox.answers_after(Duration::from_millis(150));
    let ids = openings(&bench, 8).await;
    assert_eq!(most_at_risk(&bench, &mailbox, &ids).await, 1, "eight at a time, were there no gate");
    assert_eq!(mailbox.got().len(), 8);
}

#[tokio::test]
async fn who_finds_no_place_before_the_gate_waits_in_its_row_and_has_not_been_tried() {
    let (bench, mailbox) = mailing().await;
    mailbox.answers_after(Duration::from_secs(1));
    let ids = openings(&bench, 3).await;
    for id in &ids[..2] {
        bench.publish(*id).await;
    }
    while bench.attempts(ids[1]).await.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    bench.wake(ids[2]).await;
    let waiting = bench.get(ids[2]).await;
    assert_eq!((waiting.state, waiting.attempt), (Pending, 0));
    assert_eq!(waiting.next_attempt_at, Some(bench.now() + TimeDelta::milliseconds(100)));
    assert_eq!(bench.attempts(ids[2]).await, []);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for() {
    let (bench, mailbox) = mailing().await;
    mailbox.answers_after(Duration::from_secs(3));
    let ids = openings(&bench, 2).await;
    assert_eq!(most_at_risk(&bench, &mailbox, &ids).await, 2, "better twice after a crash than late");
}

#[tokio::test]
async fn a_mail_is_recorded_without_waiting_for_a_goodbye() {
    let (bench, mailbox) = mailing().await;
    mailbox.ignores_quit();
    let ids = openings(&bench, 1).await;
    bench.wake(ids[0]).await;
    assert_eq!((bench.get(ids[0]).await.state, mailbox.got().len()), (Sent, 1));
}
