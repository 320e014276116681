//! A channel whose receiver refuses us is told through another one, once, with what it was to say; `store::channels` says
//! there when it works again.

use chrono::{DateTime, Utc};
use domain::{
    document::{Monitor, Slug},
    id::{IncidentId, NotificationId},
    notification::{Notice, Notification, NotificationKind, Subject},
};
use store::{
    Conn, channels, monitors,
    notifications::{self, NewNotification},
};

use crate::words;

/// Tells somebody else of the same monitor that this notification's channel is broken. Nobody when it was a test, where
/// somebody looks on, and when there is nobody.
pub(crate) async fn tell(
    conn: &mut Conn,
    failed: &Notification,
    why: &str,
    now: DateTime<Utc>,
) -> store::Result<()> {
    let broken = &failed.channel;
    let Some(told) = deputy(conn, &failed.notice, broken).await? else {
        tracing::error!(channel.id = %broken, "a channel is broken, and no other one can be told");
        return Ok(());
    };
    let (outage, untold) = (IncidentId::random(now), words::summary(&failed.notice));
    let notice = Notice {
        subject: Subject::BrokenChannel { channel: broken.clone(), why: why.to_owned(), untold },
        incident: outage,
        kind: NotificationKind::Opened,
        opened_at: now,
        occurred_at: now,
        ..failed.notice.clone()
    };
    let id = NotificationId::random(now);
    let new = NewNotification { id, channel: told.clone(), sequence: 0, notice };
    notifications::insert(conn, &[new]).await?;
    channels::set_outage(conn, broken, outage, &told).await
}

/// The first working channel of a rule that names this one, or else of any rule.
async fn deputy(conn: &mut Conn, notice: &Notice, broken: &Slug) -> store::Result<Option<Slug>> {
    if notice.subject == Subject::Test {
        return Ok(None);
    }
    let Some(monitor) = monitors::get(conn, &notice.monitor).await? else { return Ok(None) };
    let candidates = candidates(&monitor.document, broken);
    let there = channels::get_by_slugs(conn, &candidates).await?;
    let works =
        |slug: &Slug| there.iter().any(|channel| channel.document.id == *slug && channel.broken.is_none());
    Ok(candidates.into_iter().find(works))
}

fn candidates(monitor: &Monitor, broken: &Slug) -> Vec<Slug> {
    let (with, without): (Vec<_>, Vec<_>) =
        monitor.alerts.iter().partition(|rule| rule.channels.contains(broken));
    let all = with.into_iter().chain(without).flat_map(|rule| &rule.channels);
    let mut candidates = Vec::new();
    for slug in all.filter(|slug| *slug != broken) {
        if !candidates.contains(slug) {
            candidates.push(slug.clone());
        }
    }
    candidates
}
