//! Slack: an incoming webhook, or a bot that also keeps one thread per incident and brings its first message up to date.
//!
//! Sources: <https://docs.slack.dev/reference/block-kit/blocks>,
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
//! <https://docs.slack.dev/reference/methods/chat.postMessage>, <https://docs.slack.dev/reference/methods/chat.update>.
//! Whatever a target or a user wrote is escaped, and stands as plain text or between backticks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    exchange::{Request, Response},
    notification::{Notice, NotificationKind},
};
use serde_json::{Value, json};
use store::paces::Pace;

use super::{Call, Letter, Weight, digest, json as bytes, post};
use crate::{
    limits::{self, mrkdwn, mrkdwn_code},
    retry::{self, Outcome},
    words::{self, Fact},
};

const API_URL: &str = "https://slack.com/api";
/// Refusals that pass by themselves; all others are for somebody to look at.
const PASSING: [&str; 7] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
];

/// Where to write.
pub(crate) enum Slack {
    /// To whatever channel the address belongs to.
    Webhook { url: String },
    /// As a bot.
    Bot { token: String, channel: String, api_url: Option<String> },
}

impl Slack {
    /// One message; of a bot whose first message is known: that one brought up to date, and an answer in its thread.
    pub(crate) fn render(&self, letter: &Letter<'_>) -> Vec<Call> {
        let message = message(letter);
        match self {
            Self::Webhook { url } => {
                vec![Call { request: post(url, bytes(&message), Vec::new()), weight: Weight::Message }]
            }
            Self::Bot { channel, .. } => {
                let (mut new, mut calls) = (message.clone(), Vec::new());
                new["channel"] = json!(channel);
                // In whatever conversation the first one went to.
                if let Some((place, ts)) = letter.thread.and_then(|thread| thread.split_once(' ')) {
                    if letter.updates {
                        let mut first = message;
                        (first["channel"], first["ts"]) = (json!(place), json!(ts));
                        let request = self.call("chat.update", &first);
                        calls.push(Call { request, weight: Weight::Addition });
                    }
                    (new["channel"], new["thread_ts"]) = (json!(place), json!(ts));
                    // A recovery is for everybody, not only for those who follow the thread.
                    new["reply_broadcast"] = json!(letter.notice.kind == NotificationKind::Resolved);
                }
                calls.push(Call { request: self.call("chat.postMessage", &new), weight: Weight::Message });
                calls
            }
        }
    }

    fn call(&self, method: &str, body: &Value) -> Request {
        let Self::Bot { token, api_url, .. } = self else { unreachable!("only a bot calls methods") };
        let base = api_url.as_deref().unwrap_or(API_URL).trim_end_matches('/');
        let mut request = post(
            &format!("{base}/{method}"),
            bytes(body),
            vec![("authorization".to_owned(), format!("Bearer {token}"))],
        );
        request.headers[0].1 = "application/json; charset=utf-8".to_owned();
        request.secret_headers.push("authorization".to_owned());
        request
    }

    /// How fast it is written to: a message a second and channel is what Slack asks for.
    /// Source: <https://docs.slack.dev/apis/web-api/rate-limits>.
    pub(crate) fn pace(&self) -> Pace {
        let key = match self {
            Self::Webhook { url } => digest(&[url]),
            Self::Bot { token, channel, api_url } => {
                digest(&[api_url.as_deref().unwrap_or(API_URL), token, channel])
            }
        };
        Pace { key, count: 1, period: Duration::from_secs(1) }
    }

    /// How fast messages are brought up to date: a method of tier 3, 50 in a minute and workspace. An update that finds no room
    /// is left out: the message in the thread says all, and is not to wait for it.
    pub(crate) fn pace_of_updates(&self) -> Option<Pace> {
        let Self::Bot { token, api_url, .. } = self else { return None };
        let key = digest(&[api_url.as_deref().unwrap_or(API_URL), token, "chat.update"]);
        Some(Pace { key, count: 50, period: Duration::from_secs(60) })
    }

    /// What an answer means. The methods say no with a status of 200.
    pub(crate) fn judge(&self, response: &Response, now: DateTime<Utc>) -> Outcome {
        let of_status = retry::of_response(response, now);
        if of_status != Outcome::Taken || matches!(self, Self::Webhook { .. }) {
            return of_status;
        }
        let Ok(answer) = serde_json::from_slice::<Value>(&response.body) else {
            return retry::unreadable();
        };
        match (answer["ok"].as_bool(), answer["error"].as_str()) {
            (Some(true), _) => Outcome::Taken,
            (_, Some(error)) if PASSING.contains(&error) => retry::refused_for_now(response, now),
            (Some(false), _) => Outcome::Never,
            (None, _) => retry::unreadable(),
        }
    }

    /// The conversation and the time stamp by which Slack knows a message that was posted.
    pub(crate) fn receipt(&self, response: &Response) -> Option<String> {
        let answer: Value = serde_json::from_slice(&response.body).ok()?;
        let (channel, ts) = (answer["channel"].as_str()?, answer["ts"].as_str()?);
        matches!(self, Self::Bot { .. }).then(|| format!("{channel} {ts}"))
    }
}

fn message(letter: &Letter<'_>) -> Value {
    let notice = letter.notice;
    json!({
        // The line above the rest, and all that telephones show.
        "text": limits::SLACK_TEXT.fit_escaped(&words::summary(notice), mrkdwn),
        "unfurl_links": false,
        "unfurl_media": false,
        "attachments": [{ "color": words::colour(notice), "blocks": blocks(letter) }],
    })
}

fn blocks(letter: &Letter<'_>) -> Vec<Value> {
    let notice = letter.notice;
    let header = format!("{} {}: {}", sign(notice), words::title(notice), words::status(notice));
    let mut blocks = vec![json!({ "type": "header", "text": plain(&limits::SLACK_HEADER.fit(&header)) })];
    let (long, short): (Vec<_>, Vec<_>) =
        words::facts(notice).into_iter().partition(|fact| matches!(fact.value, words::Value::Code(_)));
    for fact in &long {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": section(fact) } }));
    }
    let fields: Vec<_> = short
        .iter()
        .take(limits::SLACK_FIELDS)
        .map(|fact| json!({ "type": "mrkdwn", "text": field(fact) }))
        .collect();
    blocks.push(json!({ "type": "section", "fields": fields }));
    blocks.push(json!({ "type": "actions", "elements": [button(letter)] }));
    blocks
}

fn sign(notice: &Notice) -> &'static str {
    match notice.kind {
        NotificationKind::Resolved => "✅",
        NotificationKind::Acknowledged => "👀",
        NotificationKind::Opened | NotificationKind::Worsened | NotificationKind::Reminded => "🔴",
    }
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

fn section(fact: &Fact) -> String {
    labelled(fact, limits::SLACK_SECTION)
}

fn field(fact: &Fact) -> String {
    labelled(fact, limits::SLACK_FIELD)
}

/// The label, and below it the value in what room there is left.
fn labelled(fact: &Fact, limit: limits::Limit) -> String {
    let room = limits::Limit(limit.0 - fact.label.len() - "**\n``````".len());
    let value = match &fact.value {
        words::Value::Words(text) => room.fit_escaped(text, mrkdwn),
        words::Value::Code(text) => format!("```{}```", room.fit_escaped(text, mrkdwn_code)),
        words::Value::Instant(at) => {
            format!("<!date^{}^{{date_short_pretty}} {{time_secs}}|{}>", at.timestamp(), words::instant(*at))
        }
    };
    format!("*{}*\n{value}", fact.label)
}

fn button(letter: &Letter<'_>) -> Value {
    let url = words::link(letter.public_url, letter.notice);
    json!({
        "type": "button",
        "action_id": "open",
        "text": plain(words::link_text(letter.notice)),
        "url": limits::SLACK_URL.fit(&url),
    })
}

#[cfg(test)]
mod tests;
