//! Channels.

use chrono::{DateTime, Utc};
use domain::{
    document::{Channel, Document, Kind, Slug},
    id::ChannelId,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    Change, Conn, Listing, Page,
    channels::{self, SavedChannel},
};

use super::{At, Resource};

/// What the server knows about a channel.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Facts {
    /// Survives changes, not deletion.
    uid: ChannelId,
    /// Why its receiver refuses us, until the document changes or something gets through.
    broken: Option<String>,
    /// Since when.
    broken_since: Option<DateTime<Utc>>,
    /// When it came into being.
    created_at: DateTime<Utc>,
    /// When the document changed last.
    updated_at: DateTime<Utc>,
}

impl Resource for Channel {
    const KIND: Kind = Kind::Channel;
    const TITLE: &'static str = "Channel";
    const PLURAL: &'static str = "channels";
    type Row = SavedChannel;
    type Facts = Facts;

    fn from_document(document: Document) -> Option<Self> {
        if let Document::Channel(channel) = document { Some(channel) } else { None }
    }

    fn id(&self) -> &Slug {
        &self.id
    }

    async fn show(_: &mut Conn, rows: Vec<SavedChannel>) -> store::Result<Vec<(Document, Facts)>> {
        let show = |row: SavedChannel| {
            let SavedChannel { id: uid, document, broken, broken_since, created_at, updated_at } = row;
            (Document::Channel(document), Facts { uid, broken, broken_since, created_at, updated_at })
        };
        Ok(rows.into_iter().map(show).collect())
    }

    async fn create(&self, conn: &mut Conn, at: &At) -> store::Result<SavedChannel> {
        channels::create(conn, self, at.now).await
    }

    async fn replace(&self, conn: &mut Conn, at: &At) -> store::Result<(Change, SavedChannel)> {
        channels::replace(conn, self, at.now).await
    }

    async fn get(conn: &mut Conn, id: &Slug) -> store::Result<Option<SavedChannel>> {
        channels::get(conn, id).await
    }

    async fn list(conn: &mut Conn, page: Page) -> store::Result<Listing<SavedChannel>> {
        channels::list(conn, page).await
    }

    async fn delete(conn: &mut Conn, id: &Slug) -> store::Result<bool> {
        channels::delete(conn, id).await
    }
}
