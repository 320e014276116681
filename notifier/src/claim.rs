//! From a notification's id to all that is needed to send it, in one transaction: a notifier that has claimed a
//! notification needs nothing more from the database until it records.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    id::{NotificationId, WorkerId},
    masking::Masker,
    notification::Notification,
};
use store::{
    Conn, SecretKey,
    channels::{self, SavedChannel},
    environments::{self, Values},
    notifications, paces,
};

use crate::{
    gate::{Gates, Place},
    receiver::{self, Receiver},
    smtp::Smtp,
};

/// How long a claim is good for: several times what one try takes. Past it the reaper gives the notification to another
/// notifier.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// A notification that is ours, and to whom it goes.
pub(crate) struct Claimed {
    pub(crate) notification: Notification,
    /// `None`: it is not there any more.
    pub(crate) channel: Option<SavedChannel>,
    pub(crate) addressee: Addressee,
    /// What the receiver calls the first message of the same incident.
    pub(crate) thread: Option<String>,
    /// Whether that first message may be brought up to date now.
    pub(crate) updates: bool,
    /// Where its receiver needs one.
    pub(crate) place: Option<Place>,
}

/// Whether there is somebody to write to.
pub(crate) enum Addressee {
    /// Boxed, for it is much larger.
    Known(Box<(Receiver, Masker)>),
    /// Not until somebody changes something: what.
    Nobody(String),
    /// Not here and now.
    NotNow(&'static str),
}

/// Claims a notification; `None` when it is not its turn, in its lane or by the pace of its receiver, or somebody has it.
pub(crate) async fn claim(
    conn: &mut Conn,
    id: NotificationId,
    notifier: WorkerId,
    key: &SecretKey,
    smtp: Option<&Smtp>,
    gates: &Gates,
) -> store::Result<Option<Claimed>> {
    let at = store::now(conn).await?;
    let Some(notification) = notifications::claim(conn, id, notifier, at, at + LEASE).await? else {
        return Ok(None);
    };
    let channel = channels::get(conn, &notification.channel).await?;
    let addressee = addressee(conn, channel.as_ref(), key, smtp).await?;
    let (mut thread, mut updates, mut place) = (None, false, None);
    if let Addressee::Known(known) = &addressee {
        let receiver = &known.0;
        match turn(conn, &notification, receiver, gates, at).await? {
            Turn::Now(entered) => place = entered,
            Turn::At(later) => {
                notifications::postpone(conn, notification.id, notification.attempt, later).await?;
                return Ok(None);
            }
        }
        thread = notifications::receipt(conn, notification.incident, &notification.channel).await?;
        if let (Some(_), Some(pace)) = (&thread, receiver.pace_of_updates()) {
            updates = paces::take(conn, &pace).await?.is_none();
        }
    }
    Ok(Some(Claimed { notification, channel, addressee, thread, updates, place }))
}

/// When a message may be sent.
enum Turn {
    Now(Option<Place>),
    /// It waits in its row.
    At(DateTime<Utc>),
}

async fn turn(
    conn: &mut Conn,
    notification: &Notification,
    receiver: &Receiver,
    gates: &Gates,
    now: DateTime<Utc>,
) -> store::Result<Turn> {
    let pace = receiver.pace();
    if let Some(pace) = &pace {
        let has_one = notifications::use_turn(conn, notification.id).await?;
        let given = if has_one { now } else { paces::give(conn, pace, now).await? };
        if given > now {
            return Ok(Turn::At(given));
        }
    }
    // Before the turn is used up.
    let place = match gates.enter(receiver) {
        Ok(place) => place,
        Err(wait) => return Ok(Turn::At(now + wait)),
    };
    let later = match &pace {
        Some(pace) => paces::take(conn, pace).await?,
        None => None,
    };
    Ok(later.map_or(Turn::Now(place), Turn::At))
}

async fn addressee(
    conn: &mut Conn,
    channel: Option<&SavedChannel>,
    key: &SecretKey,
    smtp: Option<&Smtp>,
) -> store::Result<Addressee> {
    let nobody = |why: &str| Ok(Addressee::Nobody(why.to_owned()));
    let Some(channel) = channel else { return nobody("the channel is not there any more") };
    let values = match &channel.document.environment {
        None => Ok(Some(Values::default())),
        Some(slug) => environments::values(conn, slug, key).await,
    };
    let values = match values {
        Ok(Some(values)) => values,
        Ok(None) => return nobody("the channel's environment is not there any more"),
        // The operator's secrets key is another one.
        Err(error @ store::Error::Setup(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a channel's secrets cannot be read");
            return Ok(Addressee::NotNow("the channel's secrets cannot be read"));
        }
        Err(error) => return Err(error),
    };
    Ok(match Receiver::resolve(&channel.document, &values, smtp) {
        Ok(receiver) => {
            let masker = receiver::masker(&receiver, &values);
            Addressee::Known(Box::new((receiver, masker)))
        }
        Err(unsendable) => Addressee::Nobody(unsendable.to_string()),
    })
}
