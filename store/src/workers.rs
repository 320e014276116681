//! Workers and their leases: a run belongs to its owner for as long as the owner's row is alive.

use chrono::{DateTime, Utc};
use domain::{document::Slug, id::WorkerId};

use crate::{Conn, Result};

/// One life of one worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Fresh per process start.
    pub id: WorkerId,
    /// On which machine.
    pub host: String,
    /// Of Skopos.
    pub version: String,
    /// Whose runs it takes.
    pub location: Slug,
    /// How many runs at once.
    pub slots: u32,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Its lease: past this instant its runs are taken from it.
    pub alive_until: DateTime<Utc>,
}

/// Makes a worker known.
pub async fn register(conn: &mut Conn, worker: &Worker) -> Result<()> {
    todo!()
}

/// Extends a lease. False when it is over or was ended: the worker must stop, register anew as another.
pub async fn renew(
    conn: &mut Conn,
    id: WorkerId,
    now: DateTime<Utc>,
    alive_until: DateTime<Utc>,
) -> Result<bool> {
    todo!()
}

/// A worker leaves; what it still owns is a dead worker's.
pub async fn deregister(conn: &mut Conn, id: WorkerId) -> Result<()> {
    todo!()
}

/// All workers, alive first.
pub async fn list(conn: &mut Conn) -> Result<Vec<Worker>> {
    todo!()
}

/// Workers whose lease is over.
pub async fn dead(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<Worker>> {
    todo!()
}

/// Ends every lease: the embedded database belongs to this process alone, so whoever is registered is gone.
pub async fn end_all_leases(conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
    todo!()
}
