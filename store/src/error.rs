//! What can go wrong in the database, by what the caller can do about it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use domain::{
    document::{Kind, Slug},
    problem::Problem,
};

/// The outcome of every query.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a query or a transaction did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer, or gave up on us (serialization, deadlock, restart). Everything here is
    /// idempotent: try again later.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something else has the key: a document of that id, an unresolved incident.
    #[error("{what} exists already")]
    Conflict {
        /// What exists, in a word or two.
        what: String,
    },
    /// It cannot be deleted, because others name it.
    #[error("{kind} is in use")]
    InUse {
        /// What was to be deleted.
        kind: Kind,
        /// Who names it.
        by: Vec<(Kind, Slug)>,
    },
    /// A document names others that do not exist.
    #[error("the document names what does not exist")]
    Missing(Vec<Missing>),
    /// The document says what cannot be; it should have been checked before.
    #[error("the document is not valid")]
    Invalid(Vec<Problem>),
    /// Secrets without a value, where there is none to keep.
    #[error("a secret has no value")]
    Incomplete {
        /// Their names.
        secrets: Vec<String>,
    },
    /// A monitor that belongs to a collection is changed through that collection only.
    #[error("the monitor belongs to collection `{collection}`")]
    Owned {
        /// Its collection.
        collection: Slug,
    },
    /// A row holds what this version cannot read, or a query is wrong: somebody must look.
    #[error("the database holds what cannot be read, or refuses a statement")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The schema is not the one that this executable was built for.
    #[error("the schema could not be brought up to date")]
    Schema(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The configuration cannot work: the data folder is locked or unwritable, the secrets key is wrong.
    #[error("{0}")]
    Setup(String),
}

/// One name in a document for which there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What was named.
    pub kind: Kind,
    /// By which id.
    pub slug: Slug,
}

impl Error {
    /// Whether the same call can succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// A document of that id exists.
    pub(crate) fn taken(kind: Kind, slug: &Slug) -> Self {
        Self::Conflict { what: format!("{kind} `{slug}`") }
    }

    pub(crate) fn corrupt(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Corrupt(source.into())
    }

    pub(crate) fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
                Self::Conflict { what: information.table_name().unwrap_or("a row of that key").to_owned() }
            }
            _ if passes(&error) => Self::unavailable(error),
            _ => Self::corrupt(error),
        }
    }
}

/// Whether it is over by itself sooner or later. diesel knows a kind for few SQLSTATEs and hides the code of the others
/// from us, so the message decides the rest: in English, which is what servers speak unless they are told otherwise.
fn passes(error: &DieselError) -> bool {
    const SIGNS: [&str; 8] = [
        // 57P03, at a connection that is older than the restart: rare, but seen.
        "starting up",
        "shutting down",
        // 53300
        "too many clients",
        "remaining connection slots",
        // 57014 and 55P03: our own limits.
        "due to statement timeout",
        "due to lock timeout",
        // SQLITE_BUSY, SQLITE_FULL
        "is locked",
        "disk is full",
    ];
    let says = |message: &str| SIGNS.iter().any(|sign| message.contains(sign));
    gave_way(error)
        || lost(error)
        || matches!(error, DieselError::DatabaseError(_, information) if says(information.message()))
}

/// Whether a transaction lost against another one and was rolled back: 40001, 40P01, or what it names went away between
/// looking it up and writing it.
pub(crate) fn gave_way(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, information) = error else { return false };
    match kind {
        DatabaseErrorKind::SerializationFailure => true,
        DatabaseErrorKind::ForeignKeyViolation => information.table_name().is_some_and(names_documents),
        _ => information.message().contains("deadlock detected"),
    }
}

/// Whether the connection is no more: 08006, 57P01.
fn lost(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(kind, information) => {
            matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
                || information.message().contains("terminating connection")
        }
        DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => true,
        _ => false,
    }
}

/// Tables in which a document names others. They are looked up first, so a foreign key that is violated there means that
/// somebody was faster, and the next try sees what they did. Anywhere else it is a defect. SQLite tells no table, and has
/// one writer at a time.
fn names_documents(table: &str) -> bool {
    const TABLES: [&str; 7] = [
        "environments",
        "channels",
        "collections",
        "collection_uses",
        "monitors",
        "monitor_collections",
        "monitor_channels",
    ];
    TABLES.contains(&table)
}

/// Whether a transaction that failed so, before its COMMIT, is worth another try at once.
pub(crate) fn passes_at_once(error: &Error) -> bool {
    let Error::Unavailable(source) = error else { return false };
    source.downcast_ref::<DieselError>().is_some_and(|error| gave_way(error) || lost(error))
}
