//! Collections.

use chrono::{DateTime, Utc};
use domain::{
    document::{Collection, Document, Kind, Slug},
    id::CollectionId,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Change, Conn, Listing, Page,
    collections::{self, SavedCollection},
};

use super::{At, Resource};

/// What the server knows about a collection.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Facts {
    /// Survives changes, not deletion.
    uid: CollectionId,
    /// Counted from 1, one more with every change of the document. Runs name it as `collection_version`.
    revision: u32,
    /// When it came into being.
    created_at: DateTime<Utc>,
    /// When the document changed last.
    updated_at: DateTime<Utc>,
}

impl Resource for Collection {
    const KIND: Kind = Kind::Collection;
    const TITLE: &'static str = "Collection";
    const PLURAL: &'static str = "collections";
    type Row = SavedCollection;
    type Facts = Facts;

    fn from_document(document: Document) -> Option<Self> {
        if let Document::Collection(collection) = document { Some(collection) } else { None }
    }

    fn id(&self) -> &Slug {
        &self.id
    }

    async fn show(_: &mut Conn, rows: Vec<SavedCollection>) -> store::Result<Vec<(Document, Facts)>> {
        let show = |row: SavedCollection| {
            let SavedCollection { id: uid, version: revision, document, created_at, updated_at } = row;
            (Document::Collection(document), Facts { uid, revision, created_at, updated_at })
        };
        Ok(rows.into_iter().map(show).collect())
    }

    async fn create(&self, conn: &mut Conn, at: &At) -> store::Result<SavedCollection> {
        collections::create(conn, self, at.now).await
    }

    async fn replace(&self, conn: &mut Conn, at: &At) -> store::Result<(Change, SavedCollection)> {
        collections::replace(conn, self, at.now).await
    }

    async fn get(conn: &mut Conn, id: &Slug) -> store::Result<Option<SavedCollection>> {
        collections::get(conn, id).await
    }

    async fn list(conn: &mut Conn, page: Page) -> store::Result<Listing<SavedCollection>> {
        collections::list(conn, page).await
    }

    async fn delete(conn: &mut Conn, id: &Slug) -> store::Result<bool> {
        collections::delete(conn, id).await
    }
}
