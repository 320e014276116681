//! What is watched, and who is told: collections with a schedule of their own, and teams with channels of every kind.

use serde_json::{Value, json};

use crate::receivers::Places;

/// By which webhooks are signed.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A service's integration key has 32 characters.
pub(crate) fn routing_key(team: usize) -> String {
    format!("{team:032}")
}

/// How a team can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pagerduty,
    Slack,
    Email,
    Webhook,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Pagerduty, Self::Slack, Self::Email, Self::Webhook];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pagerduty => "pagerduty",
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }

    pub(crate) fn id(self, team: usize) -> String {
        format!("{}-{team}", self.word())
    }

    /// The channel of a team. Of two teams one has a webhook at Slack, and one a bot.
    pub(crate) fn channel(self, team: usize, places: Places) -> Value {
        let mut channel = match self {
            Self::Pagerduty => json!({
                "routing_key": routing_key(team),
                "api_url": format!("http://127.0.0.1:{}/v2/enqueue", places.pagerduty),
            }),
            Self::Slack if team.is_multiple_of(2) => json!({
                "webhook_url": format!("http://127.0.0.1:{}/services/T0/{team}", places.slack),
            }),
            Self::Slack => json!({
                "token": format!("xoxb-{team}"),
                "channel": format!("#team-{team}"),
                "api_url": format!("http://127.0.0.1:{}/api", places.slack),
            }),
            Self::Email => json!({ "to": [format!("Team {team} <team-{team}@shop.test>")] }),
            Self::Webhook => json!({
                "url": format!("http://127.0.0.1:{}/hook", places.webhook),
                "secret": SECRET,
            }),
        };
        channel["id"] = json!(self.id(team));
        channel["type"] = json!(self.word());
        channel
    }
}

/// A collection that opens an incident with its first bad run.
pub(crate) fn collection(number: usize, every: &str, channels: &[String], target: u16) -> (String, Value) {
    let id = format!("c-{number}");
    let document = json!({
        "id": id,
        "name": format!("Order {number} works"),
        "schedule": { "every": every },
        "overlap": "skip",
        "alerts": [{ "channels": channels, "confirm": false }],
        "steps": [{
            "id": "order",
            "name": "Order",
            "request": { "url": format!("http://127.0.0.1:{}/{id}", target) },
            "assert": [{ "status": 200 }, { "body.state": { "equals": "open" } }],
        }],
    });
    (id, document)
}
