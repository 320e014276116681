//! The queue's part of the configuration: where the broker is, and what its names begin with.

use std::fmt;

use serde::Deserialize;

/// Which broker carries messages.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// RabbitMQ's address, as in `amqp://user:password@host:5672/vhost` or `amqps://…`; without one there is none.
    pub url: Option<String>,
    /// What the names of exchanges and queues begin with, so that several installations can share a broker.
    pub prefix: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { url: None, prefix: "skopos".to_owned() }
    }
}

/// The URL holds a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_ref().map(|_| "hidden");
        f.debug_struct("Config").field("url", &url).field("prefix", &self.prefix).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_not_printed() {
        let config = Config { url: Some("amqp://skopos:hunter2@mq/".to_owned()), ..Config::default() };
        assert_eq!(format!("{config:?}"), r#"Config { url: Some("hidden"), prefix: "skopos" }"#);
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(serde_json::from_str::<Config>(r#"{"uri": "amqp://mq"}"#).is_err());
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    }
}
