//! Mail, through an SMTP server with TLS and a login.

use chaos::receivers::mailbox::{Greeting, Mailbox};
use chrono::TimeDelta;
use domain::notification::{
    NotificationKind::{Opened, Resolved},
    NotificationState::{Dead, Pending, Sent},
};
use serde_json::json;

use crate::bench::Bench;

async fn mailing(greeting: Greeting) -> (Bench, Mailbox) {
    let (mut bench, mailbox) = (Bench::start().await, Mailbox::start(greeting).await.unwrap());
    bench.mails_through(mailbox.url("open-sesame"), mailbox.ca.clone());
    bench.email(json!(["On call <oncall@shop.test>", "team@shop.test"])).await;
    (bench, mailbox)
}

#[tokio::test]
async fn a_mail_arrives_over_tls_from_the_beginning_and_by_starttls() {
    for greeting in [Greeting::Tls, Greeting::Plain] {
        let (bench, mailbox) = mailing(greeting).await;
        let id = bench.happens(Opened, 0).await;
        bench.wake(id).await;
        let sent = bench.get(id).await;
        assert_eq!((sent.state, sent.last_answer.as_deref()), (Sent, Some("250 OK")));
        let got = mailbox.got();
        assert_eq!(got.len(), 1);
        assert_eq!(
            (got[0].from.as_str(), &got[0].to[..]),
            ("alerts@shop.test", &["oncall@shop.test", "team@shop.test"].map(str::to_owned)[..])
        );
        assert!(got[0].text.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{}", got[0].text);
        assert!(
            got[0].text.contains("Checkout works end to end is failing at step 3 Pay"),
            "{}",
            got[0].text
        );
    }
}

#[tokio::test]
async fn the_recovery_is_in_the_thread_of_the_first_mail() {
    let (bench, mailbox) = mailing(Greeting::Tls).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    bench.advance(TimeDelta::minutes(12));
    let resolved = bench.happens(Resolved, 1).await;
    bench.wake(resolved).await;
    let got = mailbox.got();
    let first = format!("<{}.hook@shop.test>", bench.incident);
    assert!(got[0].text.contains(&format!("\r\nMessage-ID: {first}\r\n")), "{}", got[0].text);
    for header in ["References", "In-Reply-To"] {
        assert!(got[1].text.contains(&format!("\r\n{header}: {first}\r\n")), "{}", got[1].text);
    }
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    let (bench, mailbox) = mailing(Greeting::Plain).await;
    mailbox.ends_with(Some(451));
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let later = bench.get(id).await;
    assert_eq!((later.state, later.last_answer.as_deref()), (Pending, Some("451 not now")));
    mailbox.ends_with(None);
    bench.advance(TimeDelta::seconds(30));
    bench.wake(id).await;
    assert_eq!(bench.get(id).await.state, Sent);
    let statuses: Vec<_> = bench.attempts(id).await.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [Some(451), Some(250)]);
    assert_eq!(mailbox.got().len(), 1);
}

#[tokio::test]
async fn a_server_that_refuses_breaks_the_channel() {
    let (bench, mailbox) = mailing(Greeting::Tls).await;
    mailbox.ends_with(Some(554));
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    assert_eq!(bench.get(id).await.state, Dead);
    assert_eq!(bench.saved_channel().await.broken.as_deref(), Some("554 not now"));
}

#[tokio::test]
async fn a_recipient_who_is_refused_does_not_keep_it_from_the_others() {
    let (bench, mailbox) = mailing(Greeting::Tls).await;
    mailbox.refuses("team@shop.test", 550);
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let sent = bench.get(id).await;
    assert_eq!((sent.state, &mailbox.got()[0].to[..]), (Sent, &["oncall@shop.test".to_owned()][..]));
    let expected = "250 OK; refused for team@shop.test: no mail for team@shop.test";
    assert_eq!(sent.last_answer.as_deref(), Some(expected));

    mailbox.refuses("oncall@shop.test", 450);
    let next = bench.happens(Resolved, 1).await;
    bench.wake(next).await;
    assert_eq!(bench.get(next).await.state, Pending, "one of them may be accepted later");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again() {
    let (bench, mut mailbox) = mailing(Greeting::Tls).await;
    mailbox.stop().await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let later = bench.get(id).await;
    assert_eq!(later.state, Pending);
    assert!(later.last_answer.as_deref().unwrap().starts_with("the mail server: "), "{later:?}");
    assert_eq!(bench.saved_channel().await.broken, None);
}

#[tokio::test]
async fn a_mail_that_may_have_arrived_goes_out_again_as_the_same_mail() {
    let (bench, mailbox) = mailing(Greeting::Tls).await;
    mailbox.vanishes();
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    assert_eq!(bench.get(id).await.state, Pending);
    let resolved = bench.happens(Resolved, 1).await;
    bench.advance(TimeDelta::seconds(30));
    bench.wake(id).await;
    bench.wake(resolved).await;
    let ids = mailbox
        .got()
        .into_iter()
        .map(|mail| mail.text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned());
    let first = format!("Message-ID: <{}.hook@shop.test>", bench.incident);
    assert_eq!(ids.collect::<Vec<_>>(), [first, format!("Message-ID: <{resolved}@shop.test>")]);
}

#[tokio::test]
async fn a_password_that_is_wrong_shows_nowhere() {
    let (mut bench, mailbox) = mailing(Greeting::Tls).await;
    bench.mails_through(mailbox.url("hunter22"), mailbox.ca.clone());
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let dead = bench.get(id).await;
    assert_eq!((dead.state, dead.last_answer.as_deref()), (Dead, Some("535 not with ***")));
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_issued_gets_nothing() {
    let (mut bench, mailbox) = mailing(Greeting::Plain).await;
    let stranger = Mailbox::start(Greeting::Plain).await.unwrap();
    bench.mails_through(mailbox.url("open-sesame"), stranger.ca.clone());
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let later = bench.get(id).await;
    assert_eq!((later.state, mailbox.got().len()), (Pending, 0));
    assert!(later.last_answer.as_deref().unwrap().contains("certificate"), "{later:?}");
}

#[tokio::test]
async fn without_a_mail_server_the_setting_is_named() {
    let bench = Bench::start().await;
    bench.email(json!(["team@shop.test"])).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let why = "no mail server is configured: set `smtp.url` for the notifiers";
    assert_eq!(bench.saved_channel().await.broken.as_deref(), Some(why));
}
