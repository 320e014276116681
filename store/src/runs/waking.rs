//! The relay's side: which queued runs are to be published, and when again.

use chrono::{DateTime, Utc};
use domain::{document::Slug, id::RunId};

use crate::{Conn, Result};

/// Takes queued runs that are due for a message and sets their next wake-up ahead (10 s, doubling, at most 60 s), so that a
/// message that gets lost is sent again. Publish after the commit.
pub async fn wake(conn: &mut Conn, now: DateTime<Utc>, limit: u32) -> Result<Vec<(RunId, Slug)>> {
    todo!()
}

/// Sets the wake-up of queued runs: their message could not be published, or came back.
pub async fn wake_again(conn: &mut Conn, runs: &[RunId], at: DateTime<Utc>) -> Result<()> {
    todo!()
}
