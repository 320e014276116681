//! PagerDuty, Events API v2: one incident is one alert, because its id is the deduplication key.
//!
//! Source: <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>. What it takes is in
//! [`limits`]; how often, here.

use std::time::Duration;

use domain::{
    document::AlertSeverity,
    exchange::Request,
    notification::{Notice, NotificationKind},
    planted::{Bug, has},
};
use serde::Serialize;
use store::paces::Pace;

use super::{Letter, digest, json, post};
use crate::{limits, words};

/// Where events go when the channel does not say otherwise.
const API_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// Events of one integration key in any minute. PagerDuty says 120, and counts by its own clock.
const PER_MINUTE: usize = 100;

/// A PagerDuty service.
pub(crate) struct Pagerduty {
    pub(crate) routing_key: String,
    /// The whole address, in place of PagerDuty's own.
    pub(crate) api_url: Option<String>,
}

#[derive(Serialize)]
struct Event<'n> {
    routing_key: &'n str,
    event_action: &'static str,
    dedup_key: String,
    payload: Payload<'n>,
    links: [Link; 1],
    client: &'static str,
    client_url: &'n str,
}

#[derive(Serialize)]
struct Payload<'n> {
    summary: String,
    source: &'n str,
    severity: AlertSeverity,
    timestamp: String,
    component: String,
    group: &'n str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    custom_details: Details,
}

#[derive(Serialize)]
struct Details {
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    run: String,
    location: String,
}

#[derive(Serialize)]
struct Link {
    href: String,
    text: &'static str,
}

impl Pagerduty {
    /// How fast it is written to.
    pub(crate) fn pace(&self) -> Pace {
        let api_url = self.api_url.as_deref().unwrap_or(API_URL);
        Pace {
            key: digest(&[api_url, &self.routing_key]),
            count: PER_MINUTE,
            period: Duration::from_secs(60),
        }
    }

    /// The event for a notice. A reminder is a trigger with the same key, which PagerDuty adds to the alert.
    pub(crate) fn render(&self, letter: &Letter<'_>) -> Request {
        let notice = letter.notice;
        let event = Event {
            routing_key: &self.routing_key,
            event_action: action(notice.kind),
            dedup_key: dedup_key(notice),
            payload: payload(notice),
            links: [Link { href: words::link(letter.public_url, notice), text: words::link_text(notice) }],
            client: "Skopos",
            client_url: letter.public_url,
        };
        post(self.api_url.as_deref().unwrap_or(API_URL), json(&event), Vec::new())
    }
}

fn dedup_key(notice: &Notice) -> String {
    if has(Bug::FreshDedupKey) {
        return format!("{}-{}", notice.incident, notice.kind);
    }
    notice.incident.to_string()
}

const fn action(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Opened | NotificationKind::Worsened | NotificationKind::Reminded => "trigger",
        NotificationKind::Acknowledged => "acknowledge",
        NotificationKind::Resolved => "resolve",
    }
}

fn payload(notice: &Notice) -> Payload<'_> {
    Payload {
        summary: limits::PAGERDUTY_SUMMARY.fit(&words::summary(notice)),
        source: notice.monitor.as_str(),
        severity: notice.severity,
        timestamp: words::instant(notice.occurred_at),
        component: limits::PAGERDUTY_TEXT.fit(&words::one_line(&notice.collection_name)),
        group: notice.location.as_str(),
        class: notice.reason.as_ref().map(|reason| reason.code.as_str()),
        custom_details: details(notice),
    }
}

fn details(notice: &Notice) -> Details {
    let fit = |text: String| limits::PAGERDUTY_TEXT.fit(&text);
    Details {
        since: words::instant(notice.opened_at),
        step: words::step(notice).map(fit),
        expected: notice.assertion.as_ref().map(words::expected).map(fit),
        actual: notice.assertion.as_ref().map(words::found).map(fit),
        reason: notice.reason.as_ref().map(|reason| fit(reason.message.clone())),
        run: notice.run.to_string(),
        location: notice.location.to_string(),
    }
}
