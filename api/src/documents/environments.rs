//! Environments. Secrets go in and never come out: an answer has their names, each with `{}`.

use chrono::{DateTime, Utc};
use domain::{
    document::{Document, Environment, Kind, Slug},
    id::EnvironmentId,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Change, Conn, Listing, Page,
    environments::{self, SavedEnvironment},
};

use super::{At, Resource};

/// What the server knows about an environment.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Facts {
    /// Survives changes, not deletion.
    uid: EnvironmentId,
    /// When it came into being.
    created_at: DateTime<Utc>,
    /// When the document or a secret changed last.
    updated_at: DateTime<Utc>,
}

impl Resource for Environment {
    const KIND: Kind = Kind::Environment;
    const TITLE: &'static str = "Environment";
    const PLURAL: &'static str = "environments";
    type Row = SavedEnvironment;
    type Facts = Facts;

    fn from_document(document: Document) -> Option<Self> {
        if let Document::Environment(environment) = document { Some(environment) } else { None }
    }

    fn id(&self) -> &Slug {
        &self.id
    }

    async fn show(_: &mut Conn, rows: Vec<SavedEnvironment>) -> store::Result<Vec<(Document, Facts)>> {
        let show = |row: SavedEnvironment| {
            let SavedEnvironment { id: uid, document, created_at, updated_at } = row;
            (Document::Environment(document), Facts { uid, created_at, updated_at })
        };
        Ok(rows.into_iter().map(show).collect())
    }

    async fn create(&self, conn: &mut Conn, at: &At) -> store::Result<SavedEnvironment> {
        environments::create(conn, self, &at.key, at.now).await
    }

    async fn replace(&self, conn: &mut Conn, at: &At) -> store::Result<(Change, SavedEnvironment)> {
        environments::replace(conn, self, &at.key, at.now).await
    }

    async fn get(conn: &mut Conn, id: &Slug) -> store::Result<Option<SavedEnvironment>> {
        environments::get(conn, id).await
    }

    async fn list(conn: &mut Conn, page: Page) -> store::Result<Listing<SavedEnvironment>> {
        environments::list(conn, page).await
    }

    async fn delete(conn: &mut Conn, id: &Slug) -> store::Result<bool> {
        environments::delete(conn, id).await
    }
}
