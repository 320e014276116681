//! The registry of typed ids. Outside the process an id carries its kind as a prefix (`run_…`), so that a pasted
//! id tells what it is; inside it is a UUIDv7. Nothing else in Skopos passes a bare `Uuid` around.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// Why a text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_<32 hexadecimal digits>")]
pub struct IdError {
    text: String,
    prefix: &'static str,
}

/// UUIDv7 (RFC 9562, section 5.7) for an instant; `entropy` fills the random bits.
fn uuid_v7(at: DateTime<Utc>, entropy: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id for something that comes into being at `at` (millisecond precision is kept in the id).
            #[must_use]
            pub fn new(at: DateTime<Utc>, entropy: [u8; 10]) -> Self {
                Self(uuid_v7(at, entropy))
            }

            /// A new id with entropy from the operating system.
            #[must_use]
            pub fn random(at: DateTime<Utc>) -> Self {
                Self::new(at, rand::random())
            }

            /// For the store, which keeps ids as UUIDs.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// For the store, which keeps ids as UUIDs.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(self.0.simple().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| IdError { text: text.to_owned(), prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": concat!("^", $prefix, "_[0-9a-f]{32}$") })
            }
        }
    )*};
}

ids! {
    /// A collection; its slug is the key that people use.
    CollectionId = "col";
    /// A monitor.
    MonitorId = "mon";
    /// A run. Made from the run's `due_at`, so that its partition is known from the id alone.
    RunId = "run";
    /// An incident; also the deduplication key at receivers that have one.
    IncidentId = "inc";
    /// A note that somebody made about an incident.
    NoteId = "nte";
    /// A channel.
    ChannelId = "chn";
    /// A notification: one incident event to one channel.
    NotificationId = "ntf";
    /// An environment.
    EnvironmentId = "env";
    /// One life of one worker process: a fresh one per process start.
    WorkerId = "wrk";
}

impl RunId {
    /// The millisecond of the run's `due_at`.
    #[must_use]
    pub fn due_at(self) -> DateTime<Utc> {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
        DateTime::from_timestamp(i64::try_from(seconds).unwrap_or(0), nanos).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_comes_back_and_names_its_kind() {
        let at = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        let id = RunId::new(at, [7; 10]);
        assert!(id.to_string().starts_with("run_"));
        assert_eq!(id.to_string().parse::<RunId>(), Ok(id));
        assert_eq!(id.due_at(), at);
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = MonitorId::new(DateTime::from_timestamp_millis(1).unwrap(), [0; 10]);
        assert!(id.to_string().parse::<RunId>().is_err());
    }
}
