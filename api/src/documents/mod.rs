//! `/v1/collections`, `/v1/monitors`, `/v1/environments`, `/v1/channels`: the same rules for all four. What differs is
//! in a file per kind.

mod channels;
mod collections;
mod environments;
mod handlers;
mod monitors;
mod reading;
mod trial;

use chrono::{DateTime, Utc};
use domain::document::{Channel, Collection, Document, Environment, Kind, Monitor, Slug};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Conn, Listing, Page, SecretKey};

use crate::{operation::Operation, query::Paging, refusal::Code};

/// A kind of document: how it is kept and what is answered besides it.
pub(crate) trait Resource: JsonSchema + Sized + Send + Sync + 'static {
    /// Which.
    const KIND: Kind;
    /// Its name in `/openapi.json`.
    const TITLE: &'static str;
    /// The part of its path.
    const PLURAL: &'static str;
    /// As it is kept.
    type Row: Send + 'static;
    /// What the server knows about it, under names that no document has.
    type Facts: Serialize + JsonSchema;

    /// Out of the enum that reading answers.
    fn from_document(document: Document) -> Option<Self>;
    /// The key by which everything names it.
    fn id(&self) -> &Slug;
    /// The document of a row, and what the server knows. Rows of one answer come together.
    fn show(
        conn: &mut Conn,
        rows: Vec<Self::Row>,
    ) -> impl Future<Output = store::Result<Vec<(Document, Self::Facts)>>> + Send;
    /// See `store`.
    fn create(&self, conn: &mut Conn, at: &At) -> impl Future<Output = store::Result<Self::Row>> + Send;
    /// See `store`.
    fn replace(
        &self,
        conn: &mut Conn,
        at: &At,
    ) -> impl Future<Output = store::Result<(Change, Self::Row)>> + Send;
    /// See `store`.
    fn get(conn: &mut Conn, id: &Slug) -> impl Future<Output = store::Result<Option<Self::Row>>> + Send;
    /// See `store`.
    fn list(conn: &mut Conn, page: Page) -> impl Future<Output = store::Result<Listing<Self::Row>>> + Send;
    /// See `store`.
    fn delete(conn: &mut Conn, id: &Slug) -> impl Future<Output = store::Result<bool>> + Send;
}

/// When something is written, and the key for what is secret in it.
pub(crate) struct At {
    pub(crate) now: DateTime<Utc>,
    pub(crate) key: SecretKey,
}

/// All operations on documents.
pub(crate) fn operations() -> Vec<Operation> {
    [
        operations_of::<Collection>(),
        operations_of::<Monitor>(),
        operations_of::<Environment>(),
        operations_of::<Channel>(),
    ]
    .into_iter()
    .flatten()
    .chain([trial::operation()])
    .collect()
}

fn operations_of<R: Resource>() -> [Operation; 5] {
    let (all, one) = (format!("/v1/{}", R::PLURAL), format!("/v1/{}/{{id}}", R::PLURAL));
    let (tag, kind) = (R::PLURAL, R::KIND);
    let name = |verb| format!("{verb}{}", R::TITLE);
    [
        Operation::new(Method::GET, all.clone(), format!("list{}s", R::TITLE), handlers::list::<R>)
            .about(tag, format!("All {tag}, newest first"))
            .query::<Paging>()
            .answer(StatusCode::OK, "One page.", |schemas| schemas.listed::<R>())
            .refuses([Code::InvalidQuery]),
        Operation::new(Method::POST, all, name("create"), handlers::create::<R>)
            .about(tag, format!("Create a {kind}"))
            .body(|schemas| schemas.sent::<R>())
            .answer_with_location(StatusCode::CREATED, "It exists now.", |schemas| schemas.shown::<R>())
            .refuses([Code::AlreadyExists, Code::InvalidDocument]),
        Operation::new(Method::GET, one.clone(), name("get"), handlers::get::<R>)
            .about(tag, format!("One {kind}"))
            .answer(StatusCode::OK, "The document.", |schemas| schemas.shown::<R>())
            .refuses([Code::NotFound]),
        Operation::new(Method::PUT, one.clone(), name("put"), handlers::put::<R>)
            .about(tag, format!("Create or replace a {kind}"))
            .body(|schemas| schemas.sent::<R>())
            .answer(StatusCode::OK, "It is as it was sent.", |schemas| schemas.shown::<R>())
            .answer_with_location(StatusCode::CREATED, "It exists now.", |schemas| schemas.shown::<R>())
            .refuses([Code::Owned, Code::InvalidDocument]),
        Operation::new(Method::DELETE, one, name("delete"), handlers::delete::<R>)
            .about(tag, format!("Delete a {kind}"))
            .no_content("It is gone.")
            .refuses([Code::NotFound, Code::InUse, Code::Owned]),
    ]
}
