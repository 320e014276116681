//! The documents that users write, as typed values: one file per kind. Texts with references in them are kept as
//! written here; `plan` compiles them. Reading from YAML and JSON with positions is `read`.

mod assert;
mod auth;
mod channel;
pub mod check;
mod collection;
pub mod complete;
mod each;
mod either;
mod environment;
pub(crate) mod files;
mod inline;
mod monitor;
mod multipart;
mod network;
mod print;
pub mod read;
mod request;
pub mod rewrite;
mod schema;
mod schema_files;
mod slug;
mod units;
mod uses;

pub use assert::Check;
pub use auth::{ApiKey, ApiKeyPlace, Auth, AwsSigv4, Basic, ClientAuth, Digest, OAuth2};
pub use channel::{Channel, ChannelType, SigningSecrets, TextSort};
pub use check::{CollectionNames, EnvironmentNames, Known, check, check_together};
pub use collection::{
    Backoff, Capture, CaptureRule, Collection, Defaults, OnRedelivery, Poll, Retry, RetryClass, RetryWhen,
    Step,
};
pub use each::{Each, MAX_ROWS};
pub use environment::{Environment, SecretValue};
pub use monitor::{
    After, AlertRule, AlertSeverity, AlertWhen, CatchUp, MaintenanceWindow, Monitor, Overlap, Recover,
    Schedule,
};
pub use multipart::{Multipart, Part, PartOptions, Parts};
pub use network::{HttpVersion, IpFamily, TlsOptions};
pub use print::to_value;
pub use read::{Reading, read_text, read_value};
pub use request::{GraphQl, Redirects, Request};
pub use schema::schema;
pub use slug::{Slug, SlugError};
pub use units::{ByteSize, Span, UnitError};
pub use uses::Use;

/// The only `version` there is.
pub const VERSION: u64 = 1;

crate::outcome::words! {
    /// What a document describes.
    Kind {
        /// Ordered steps.
        Collection = "collection",
        /// Collections, a schedule, alert rules.
        Monitor = "monitor",
        /// Variables and secrets.
        Environment = "environment",
        /// A way to tell someone.
        Channel = "channel",
    }
}

/// One document of any kind.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "documents are few and short-lived")]
pub enum Document {
    /// Ordered steps.
    Collection(Collection),
    /// Collections, a schedule, alert rules.
    Monitor(Monitor),
    /// Variables and secrets.
    Environment(Environment),
    /// A way to tell someone.
    Channel(Channel),
}

impl Document {
    /// What it describes.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Collection(_) => Kind::Collection,
            Self::Monitor(_) => Kind::Monitor,
            Self::Environment(_) => Kind::Environment,
            Self::Channel(_) => Kind::Channel,
        }
    }

    /// The key of `apply`.
    #[must_use]
    pub fn id(&self) -> &Slug {
        match self {
            Self::Collection(document) => &document.id,
            Self::Monitor(document) => &document.id,
            Self::Environment(document) => &document.id,
            Self::Channel(document) => &document.id,
        }
    }
}
