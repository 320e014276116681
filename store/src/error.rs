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
            DieselError::DatabaseError(kind, information) => {
                if is_transient(kind, information.message()) {
                    Self::unavailable(error)
                } else {
                    Self::corrupt(error)
                }
            }
            DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
                Self::unavailable(error)
            }
            _ => Self::corrupt(error),
        }
    }
}

/// Diesel has no kind for every class of failure that passes by itself (SQLSTATE 40P01, 57P01, 57P03, 53300;
/// SQLITE_BUSY, SQLITE_FULL), so the message decides the rest.
fn is_transient(kind: &DatabaseErrorKind, message: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "deadlock detected",
        "terminating connection",
        "starting up",
        "shutting down",
        "too many clients",
        "is locked",
        "disk is full",
    ];
    matches!(
        kind,
        DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            // What is named is looked up first, so somebody was faster; the next try sees what they did.
            | DatabaseErrorKind::ForeignKeyViolation
    ) || SIGNS.iter().any(|sign| message.contains(sign))
}
