//! `kind: channel`: a way to tell someone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Slug;

crate::outcome::words! {
    /// What stands at the other end.
    ChannelType {
        /// PagerDuty Events API v2.
        Pagerduty = "pagerduty",
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
    /// `pagerduty`: another address than PagerDuty's own (EU region, a stand-in).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// `webhook`: where to POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `webhook`: the signing secret of Standard Webhooks, with or without `whsec_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}
