//! From a notification's id to all that is needed to send it, in one transaction: a notifier that has claimed a
//! notification needs nothing more from the database until it records.

use chrono::TimeDelta;
use domain::{
    id::{NotificationId, WorkerId},
    notification::Notification,
};
use store::{
    Conn, SecretKey,
    channels::{self, SavedChannel},
    environments::{self, Values},
    notifications,
};

/// How long a claim is good for: several times what one try takes. Past it the reaper gives the notification to another
/// notifier.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// A notification that is ours, and to whom it goes.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) notification: Notification,
    /// `None`: it is not there any more.
    pub(crate) channel: Option<SavedChannel>,
    /// What the channel's references see.
    pub(crate) values: Environment,
}

/// The environment that a channel names.
#[derive(Debug)]
pub(crate) enum Environment {
    /// Its values; of no environment, none.
    Open(Values),
    /// It is not there any more.
    Gone,
    /// Its secrets cannot be read here and now: the operator's secrets key is another one.
    Sealed,
}

/// Claims a notification; `None` when it is not its turn, or somebody has it.
pub(crate) async fn claim(
    conn: &mut Conn,
    id: NotificationId,
    notifier: WorkerId,
    key: &SecretKey,
) -> store::Result<Option<Claimed>> {
    let at = store::now(conn).await?;
    let Some(notification) = notifications::claim(conn, id, notifier, at, at + LEASE).await? else {
        return Ok(None);
    };
    let channel = channels::get(conn, &notification.channel).await?;
    let values = environment(conn, channel.as_ref(), key).await?;
    Ok(Some(Claimed { notification, channel, values }))
}

async fn environment(
    conn: &mut Conn,
    channel: Option<&SavedChannel>,
    key: &SecretKey,
) -> store::Result<Environment> {
    let Some(slug) = channel.and_then(|channel| channel.document.environment.as_ref()) else {
        return Ok(Environment::Open(Values::default()));
    };
    match environments::values(conn, slug, key).await {
        Ok(Some(values)) => Ok(Environment::Open(values)),
        Ok(None) => Ok(Environment::Gone),
        Err(error @ store::Error::Setup(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a channel's secrets cannot be read");
            Ok(Environment::Sealed)
        }
        Err(error) => Err(error),
    }
}
