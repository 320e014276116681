//! Incidents of one cause: a shared set-up that fails. Who knows of it by one of them is not told by another.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::IncidentId,
    incident::SharedCause,
    notification::{NotificationKind, NotificationState},
};

use crate::{
    Conn, Result, collections,
    conn::with,
    health::HealthKey,
    literal::IsUnresolved,
    schema::{incidents, notifications},
    set_ups,
    types::{Key, Word},
};

/// Locks the set-ups that are to blame, so that of two that fold runs at a time one sees what the other has told. In
/// order, and after the trackers. One that is not there, as it has never been fetched, cannot be locked.
pub async fn lock_causes(conn: &mut Conn, causes: &BTreeSet<SharedCause>) -> Result<()> {
    let mut places = BTreeSet::new();
    for cause in causes {
        if let Some((collection, _)) = collections::current_version(conn, &cause.set_up).await? {
            places.insert((collection, cause.environment.clone()));
        }
    }
    for (collection, environment) in places {
        set_ups::lock(conn, collection, environment.as_ref()).await?;
    }
    Ok(())
}

/// The channels that know of the cause by an incident that is not this key's: it was told, or will be, and not in vain.
pub async fn known_to(conn: &mut Conn, key: HealthKey, cause: &SharedCause) -> Result<Vec<Slug>> {
    let told = notifications::kind
        .eq(Word(NotificationKind::Opened))
        .and(notifications::state.ne(Word(NotificationState::Dead)))
        .and(notifications::state.ne(Word(NotificationState::Suppressed)));
    let others = incidents::monitor_id.ne(Key(key.0)).or(incidents::collection_id.ne(Key(key.1)));
    let channels = notifications::table
        .inner_join(incidents::table.on(incidents::id.eq(notifications::incident_id)))
        .filter(incidents::cause.eq(Word(cause.clone())).and(IsUnresolved::new(incidents::state)))
        .filter(others)
        .filter(told)
        .select(notifications::channel)
        .distinct();
    let channels: Vec<Word<Slug>> = with!(conn, |c| channels.load(c))?;
    Ok(channels.into_iter().map(|Word(channel)| channel).collect())
}

/// A run has failed for another reason than this incident's cause, or a reason of its own: the incident is about that now.
pub async fn let_go(conn: &mut Conn, incident: IncidentId, now: Option<&SharedCause>) -> Result<()> {
    let one = incidents::table.find(Key(incident)).filter(incidents::cause.is_not_null());
    let nothing = incidents::cause.eq(None::<Word<SharedCause>>);
    match now {
        Some(cause) => {
            let other = one.filter(incidents::cause.ne(Word(cause.clone())));
            with!(conn, |c| diesel::update(other).set(nothing).execute(c))?;
        }
        None => {
            with!(conn, |c| diesel::update(one).set(nothing).execute(c))?;
        }
    }
    Ok(())
}
