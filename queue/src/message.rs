//! What travels: an id and what to do with it, never data or secrets. Messages outlive deployments, so their JSON
//! carries a version, and one that cannot be read is a value, not a crash.

use domain::id::{NotificationId, RunId};
use serde::{Deserialize, Serialize};

/// A wake-up call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// A run waits to be claimed.
    ExecuteRun {
        /// Which.
        run_id: RunId,
    },
    /// A notification waits to be sent.
    SendNotification {
        /// Which.
        notification_id: NotificationId,
    },
}

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Nothing that we send is this long.
    #[error("a message of {0} bytes, more than {MAX_BYTES}")]
    TooLong(usize),
    /// From a newer Skopos, or from something else.
    #[error("a message of version {0}, and this process reads {VERSION}")]
    Version(u32),
    /// Not what its version says.
    #[error("a message that cannot be read")]
    Malformed(#[from] serde_json::Error),
}

/// The only version there is.
const VERSION: u32 = 1;
/// Several times what a message needs.
const MAX_BYTES: usize = 1024;

#[derive(Serialize)]
struct Outgoing<'m> {
    version: u32,
    #[serde(flatten)]
    message: &'m Message,
}

#[derive(Deserialize)]
struct Envelope {
    version: u32,
}

impl Message {
    /// The bytes that travel.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let outgoing = Outgoing { version: VERSION, message: self };
        serde_json::to_vec(&outgoing).expect("ids and words are JSON")
    }

    /// Reads what [`Message::encode`] wrote. Unknown keys are passed over, so that fields can be added.
    ///
    /// # Errors
    /// What the bytes are instead; such a message goes to the dead letters.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > MAX_BYTES {
            return Err(MessageError::TooLong(bytes.len()));
        }
        match serde_json::from_slice(bytes)? {
            Envelope { version: VERSION } => Ok(serde_json::from_slice(bytes)?),
            Envelope { version } => Err(MessageError::Version(version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "run_01234567890171238000000000000001";

    fn run() -> Message {
        Message::ExecuteRun { run_id: RUN.parse().unwrap() }
    }

    #[test]
    fn the_form_on_the_wire_is_frozen() {
        let bytes = format!(r#"{{"version":1,"kind":"execute_run","run_id":"{RUN}"}}"#);
        assert_eq!(String::from_utf8(run().encode()).unwrap(), bytes);
        assert_eq!(Message::decode(bytes.as_bytes()).unwrap(), run());
        let notification_id = "ntf_01234567890171238000000000000002".parse().unwrap();
        let message = Message::SendNotification { notification_id };
        let bytes =
            format!(r#"{{"version":1,"kind":"send_notification","notification_id":"{notification_id}"}}"#);
        assert_eq!(Message::decode(bytes.as_bytes()).unwrap(), message);
    }

    #[test]
    fn a_key_of_tomorrow_is_passed_over() {
        let bytes = format!(r#"{{"version":1,"kind":"execute_run","run_id":"{RUN}","hint":[1]}}"#);
        assert_eq!(Message::decode(bytes.as_bytes()).unwrap(), run());
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let decode = |text: &str| Message::decode(text.as_bytes()).unwrap_err();
        assert!(matches!(decode(r#"{"version":2,"kind":"fly"}"#), MessageError::Version(2)));
        assert!(matches!(decode(r#"{"version":1,"kind":"fly"}"#), MessageError::Malformed(_)));
        assert!(matches!(
            decode(r#"{"version":1,"kind":"execute_run","run_id":"mon_1"}"#),
            MessageError::Malformed(_)
        ));
        assert!(matches!(decode("null"), MessageError::Malformed(_)));
        assert!(matches!(decode(&" ".repeat(1025)), MessageError::TooLong(1025)));
    }
}
