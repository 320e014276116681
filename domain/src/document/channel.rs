//! `kind: channel`: a way to tell someone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Slug;

crate::outcome::words! {
    /// What stands at the other end.
    ChannelType {
        /// PagerDuty Events API v2.
        Pagerduty = "pagerduty",
        /// Slack: an incoming webhook, or a bot.
        Slack = "slack",
        /// E-mail, through the SMTP server of the configuration.
        Email = "email",
        /// Any HTTP receiver, signed by Standard Webhooks.
        Webhook = "webhook",
    }
}

/// A way to tell someone. Which of the optional keys belong depends on `type`; `check` says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The key by which everything names this channel.
    pub id: Slug,
    /// For people; the id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where its variables and secrets are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Slug>,
    /// What stands at the other end.
    #[serde(rename = "type")]
    pub channel_type: ChannelType,
    /// `pagerduty`: the integration key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<String>,
    /// `pagerduty`, and `slack` with a token: another address than the vendor's own (EU region, a stand-in).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// `slack`: the address of an incoming webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// `slack`: a bot's token (`xoxb-…`, scope `chat:write`), in place of `webhook_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// `slack` with a token: the channel's id (`C0123456789`) or name (`#oncall`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// `email`: to whom, as `team@example.com` or `On call <team@example.com>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// `webhook`: where to POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `webhook`: the signing secret of Standard Webhooks, with or without `whsec_`; a list while it is being replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SigningSecrets>,
    /// `webhook`: another body than the event itself, as a Jinja template over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// `webhook` with a template: what the body is. Default `application/json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// One secret, or several: what is sent is signed with each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SigningSecrets {
    /// As it is most of the time.
    One(String),
    /// While receivers change from one to the other.
    Several(Vec<String>),
}

impl SigningSecrets {
    /// Each of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(secret) => std::slice::from_ref(secret),
            Self::Several(secrets) => secrets,
        }
    }
}

/// What a text of a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextSort {
    /// An absolute URL.
    Url,
    /// Nobody but the receiver is to see it.
    Secret,
    /// Anybody may see it.
    Plain,
}

impl Channel {
    /// Every text in which references are resolved: its JSON pointer, what it says, and what it is.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str, TextSort)> {
        let single = [
            ("routing_key", &self.routing_key, TextSort::Secret),
            ("api_url", &self.api_url, TextSort::Url),
            ("webhook_url", &self.webhook_url, TextSort::Url),
            ("token", &self.token, TextSort::Secret),
            ("channel", &self.channel, TextSort::Plain),
            ("url", &self.url, TextSort::Url),
        ];
        let single = single
            .into_iter()
            .filter_map(|(key, text, sort)| Some((format!("/{key}"), text.as_deref()?, sort)));
        let to =
            (0..).zip(&self.to).map(|(n, to): (u32, _)| (format!("/to/{n}"), to.as_str(), TextSort::Plain));
        single.chain(to).chain(self.secrets())
    }

    fn secrets(&self) -> impl Iterator<Item = (String, &str, TextSort)> {
        let all = self.secret.as_ref().map(SigningSecrets::all).unwrap_or_default();
        let several = matches!(self.secret, Some(SigningSecrets::Several(_)));
        (0..).zip(all).map(move |(n, secret): (u32, _)| {
            let pointer = if several { format!("/secret/{n}") } else { "/secret".to_owned() };
            (pointer, secret.as_str(), TextSort::Secret)
        })
    }
}
