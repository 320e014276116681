//! Where a broker is, and as whom we go there.

use std::fmt;

use lapin::uri::AMQPUri;

use crate::Error;

/// Seconds between signs of life, when the URL does not say. A peer that is silent for twice as long is gone.
const HEARTBEAT: u16 = 10;

/// The parts of an AMQP URL. Displays as host and port; the password stays inside.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) uri: AMQPUri,
    pub(super) user: String,
    pub(super) vhost: String,
}

impl Address {
    /// # Errors
    /// [`Error::Refused`]; the parser's own words would quote the URL, and the password with it.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let unreadable = |_| {
            Error::Refused(
                "the broker's URL cannot be read: amqp://user:password@host:5672/vhost is its form".into(),
            )
        };
        let mut uri: AMQPUri = url.parse().map_err(unreadable)?;
        // People end a URL with a slash and mean the default virtual host.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self { user: uri.authority.userinfo.username.clone(), vhost: uri.vhost.clone(), uri })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uri.authority.host, self.uri.authority.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_its_parts_and_keeps_its_password() {
        let address = Address::parse("amqp://skopos:hunter2@mq.example.com/%2fa").unwrap();
        assert_eq!((address.user.as_str(), address.vhost.as_str()), ("skopos", "/a"));
        assert_eq!(
            (address.to_string(), format!("{address:?}")),
            ("mq.example.com:5672".into(), "mq.example.com:5672".into())
        );
        assert_eq!(Address::parse("amqp://mq/").unwrap().vhost, "/");
        assert_eq!(Address::parse("amqp://mq?heartbeat=3").unwrap().uri.query.heartbeat, Some(3));
    }

    #[test]
    fn what_is_no_url_is_refused_without_a_word_of_it() {
        for url in ["", "skopos:hunter2@mq", "http://skopos:hunter2@mq/", "amqp://skopos:hunter2@mq:port/"] {
            let error = Address::parse(url).unwrap_err();
            assert!(matches!(error, Error::Refused(_)));
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
