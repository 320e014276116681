//! From a body to a document that makes sense among those that exist.

use domain::{
    document::{Document, Known, Slug, check, check::captures_used, read_value},
    problem::Problem,
};
use serde_json::Value;
use store::{Conn, Page};

use super::Resource;
use crate::refusal::{Code, Refusal};

/// The document and its warnings, or everything that is wrong with it.
pub(super) async fn read<R: Resource>(
    conn: &mut Conn,
    body: &Value,
) -> store::Result<Result<(R, Vec<Problem>), Refusal>> {
    let mut reading = read_value(R::KIND, body);
    if let Some(draft) = reading.draft() {
        let problems = check(draft, &around(conn, draft).await?);
        reading.add(problems);
    }
    let problems = reading.problems;
    Ok(match reading.document.and_then(R::from_document) {
        Some(document) => Ok((document, problems)),
        None => Err(Refusal::invalid(Code::InvalidDocument, problems)),
    })
}

/// What exists around a document, as far as it matters to it: of collections and channels there can be many, so only
/// those that it names are looked up.
async fn around(conn: &mut Conn, document: &Document) -> store::Result<Known> {
    let mut known = Known { complete: true, ..Known::default() };
    environments(conn, &mut known).await?;
    for slug in collections_named(document) {
        if let Some(saved) = store::collections::get(conn, slug).await? {
            known.collections.insert(slug.clone(), (&saved.document).into());
        }
    }
    if let Document::Collection(collection) = document {
        let users = store::collections::users(conn, &collection.id).await?;
        let users = users.iter().map(|user| (user.id.clone(), captures_used(user, &collection.id)));
        known.users.insert(collection.id.clone(), users.collect());
    }
    let channels = channels_named(document);
    if !channels.is_empty() {
        let there = store::channels::get_by_slugs(conn, &channels).await?;
        known.channels.extend(there.into_iter().map(|channel| channel.document.id));
    }
    known.add(document);
    Ok(known)
}

/// All of them: a collection that names no environment may use the names of any.
async fn environments(conn: &mut Conn, known: &mut Known) -> store::Result<()> {
    let mut page = Page::first(100);
    loop {
        let listing = store::environments::list(conn, page).await?;
        for environment in listing.data {
            known.add(&Document::Environment(environment.document));
        }
        let Some(cursor) = listing.next_cursor else { return Ok(()) };
        page.cursor = Some(cursor);
    }
}

fn collections_named(document: &Document) -> Vec<&Slug> {
    match document {
        Document::Monitor(monitor) => monitor.collections.iter().collect(),
        Document::Collection(collection) => collection.uses.iter().map(|used| &used.collection).collect(),
        Document::Environment(_) | Document::Channel(_) => Vec::new(),
    }
}

fn channels_named(document: &Document) -> Vec<Slug> {
    let alerts = match document {
        Document::Monitor(monitor) => &monitor.alerts[..],
        Document::Collection(collection) => &collection.alerts[..],
        Document::Environment(_) | Document::Channel(_) => &[],
    };
    alerts.iter().flat_map(|alert| alert.channels.iter().cloned()).collect()
}
