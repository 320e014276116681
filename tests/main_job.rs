//! The main job from outside: `skopos dev` with the example, a shop that breaks, an incident, a notification, recovery.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

#[expect(dead_code, reason = "not every test needs all of the harness")]
mod dev;

use dev::{Dev, Home};

#[tokio::test]
async fn a_broken_payment_opens_one_incident_tells_the_channel_and_recovers() {
    // The schedule stays out of the way after the first run.
    let home = Home::with_schedule("1h");
    let dev = Dev::start(&home);
    let runs = format!("{}/v1/runs", dev.api);
    let first = dev.until(&runs, |runs| runs["data"][0]["outcome"] == "passed").await;
    assert_eq!(first["data"][0]["trigger"], "schedule", "{first:#}");

    dev.switch("wrong_payload").await;
    let failed = dev.run_now("failed").await;
    assert_eq!(failed["reason"]["step"], "payment", "{failed:#}");
    let opened = dev.notified(1).await;
    let incidents = dev.get(&format!("{}/v1/incidents", dev.api)).await;
    assert_eq!(incidents["data"].as_array().unwrap().len(), 1, "{incidents:#}");
    assert_eq!(incidents["data"][0]["state"], "open", "{incidents:#}");

    dev.switch("none").await;
    dev.run_now("passed").await;
    let resolved = dev.notified(2).await;
    let incidents = format!("{}/v1/incidents", dev.api);
    dev.until(&incidents, |incidents| incidents["data"][0]["state"] == "resolved").await;
    assert_ne!(opened["data"][0]["headers"]["webhook-id"], resolved["data"][0]["headers"]["webhook-id"]);

    let everything = format!("{failed}{opened}{resolved}");
    assert!(!everything.contains("open-sesame"), "a secret is shown: {everything}");
    assert_eq!(dev.stop(), Some(0));
}
