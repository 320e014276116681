//! Environments: variables in clear, secrets sealed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    document::{Environment, Slug},
    id::EnvironmentId,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::{Change, Conn, Listing, Page, Result, SecretKey};

/// An environment as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedEnvironment {
    /// Survives changes, not deletion.
    pub id: EnvironmentId,
    /// The document; its secrets are names with `{}`.
    pub document: Environment,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the document or a secret changed last.
    pub updated_at: DateTime<Utc>,
}

/// What references see of an environment.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Shown to everybody.
    pub vars: Map<String, Value>,
    /// Shown to nobody.
    pub secrets: BTreeMap<String, SecretString>,
}

/// Saves a new environment. `Conflict` when the id is taken; `Incomplete` when a secret has no value.
pub async fn create(
    conn: &mut Conn,
    document: &Environment,
    key: &SecretKey,
    now: DateTime<Utc>,
) -> Result<SavedEnvironment> {
    todo!()
}

/// Creates or replaces by slug. A secret written as `{}` keeps its value, one that is not named any more goes;
/// `Incomplete` when `{}` has nothing to keep.
pub async fn replace(
    conn: &mut Conn,
    document: &Environment,
    key: &SecretKey,
    now: DateTime<Utc>,
) -> Result<(Change, SavedEnvironment)> {
    todo!()
}

/// The environment of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedEnvironment>> {
    todo!()
}

/// All environments, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedEnvironment>> {
    todo!()
}

/// Deletes an environment. `InUse` when a document names it. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    todo!()
}

/// The variables and the opened secrets of an environment.
pub async fn values(conn: &mut Conn, slug: &Slug, key: &SecretKey) -> Result<Option<Values>> {
    todo!()
}
