//! What the database is asked: a journal of our own, written by triggers, so that nothing can change unseen; and the rows
//! as they are in the end. Instants are milliseconds. Only rows are read here; `check` judges them.

use std::collections::HashMap;

use anyhow::Context;
use tokio_postgres::{Client, NoTls, Row};

use crate::clock::Millis;

const TRIGGERS: &str = include_str!("journal.sql");

/// A change of a monitor's row, in the order in which they happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MonitorChange {
    pub(crate) id: String,
    pub(crate) slug: String,
    /// What is left when the row has gone.
    pub(crate) gone: bool,
    pub(crate) document: String,
    pub(crate) anchor: Millis,
    pub(crate) next: Option<Millis>,
    /// When the document changed last.
    pub(crate) updated: Millis,
}

/// A change of a run's row, in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunChange {
    pub(crate) id: String,
    pub(crate) at: Millis,
    pub(crate) state: String,
    pub(crate) attempt: i32,
    pub(crate) owner: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) started: Option<Millis>,
    /// Before which it was to start then.
    pub(crate) start_by: Millis,
    /// Of the connection that wrote it.
    pub(crate) port: i32,
}

/// A run's row in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) monitor: Option<String>,
    pub(crate) collection: String,
    pub(crate) collection_slug: String,
    pub(crate) version: i32,
    pub(crate) location: String,
    pub(crate) due: Millis,
    pub(crate) slot: Option<Millis>,
    pub(crate) state: String,
    pub(crate) outcome: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) attempt: i32,
    pub(crate) losses: i32,
    /// How often its message was published since it was queued last.
    pub(crate) wakes: i32,
}

/// Slots without runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) monitor: String,
    pub(crate) collection: String,
    pub(crate) location: String,
    pub(crate) first: Millis,
    pub(crate) last: Millis,
    pub(crate) slots: i64,
}

/// An incident's row in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incident {
    /// As in messages.
    pub(crate) id: String,
    pub(crate) monitor: String,
    pub(crate) collection: String,
    pub(crate) state: String,
    pub(crate) opened_by: String,
}

/// A notification's row in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) id: String,
    pub(crate) incident: String,
    pub(crate) channel: String,
    pub(crate) kind: String,
    pub(crate) sequence: i32,
    pub(crate) state: String,
    pub(crate) answer: Option<String>,
}

/// The text of a collection's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) collection: String,
    pub(crate) version: i32,
    pub(crate) document: String,
}

/// Everything that is judged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) monitor_changes: Vec<MonitorChange>,
    pub(crate) run_changes: Vec<RunChange>,
    pub(crate) runs: Vec<Run>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) notifications: Vec<Notification>,
    pub(crate) versions: Vec<Version>,
    /// Ids by slug.
    pub(crate) collections: HashMap<String, String>,
    /// Whether the indexes and the trigger that hold I1, I2 and I7 are there.
    pub(crate) guards: usize,
}

/// What has not come to its end yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) runs: i64,
    pub(crate) notifications: i64,
}

/// Our connection to the database: not through a proxy, so that we see it when they do not.
pub(crate) async fn connect(port: u16) -> anyhow::Result<Client> {
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=5");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Begins the journal.
pub(crate) async fn begin(client: &Client) -> anyhow::Result<()> {
    client.batch_execute(TRIGGERS).await.context("the journal's triggers do not fit the schema")
}

/// Slugs of monitors that are still due.
pub(crate) async fn due_monitors(client: &Client) -> anyhow::Result<Vec<String>> {
    let rows =
        client.query("SELECT slug FROM monitors WHERE next_slot_at IS NOT NULL ORDER BY 1", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What has not come to its end yet.
pub(crate) async fn unfinished(client: &Client) -> anyhow::Result<Unfinished> {
    let sql = "SELECT (SELECT count(*) FROM runs WHERE state <> 'finished'),
                      (SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending'))";
    let row = client.query_one(sql, &[]).await?;
    Ok(Unfinished { runs: row.get(0), notifications: row.get(1) })
}

/// Everything.
pub(crate) async fn read(client: &Client) -> anyhow::Result<Rows> {
    let guards = "SELECT count(*) FROM (
            SELECT indexname::text FROM pg_indexes WHERE indexname IN ('runs_slot', 'incidents_one_unresolved')
            UNION SELECT tgname::text FROM pg_trigger WHERE tgname = 'runs_outcome_is_final'
        ) AS guards";
    Ok(Rows {
        monitor_changes: all(client, MONITOR_CHANGES, monitor_change).await?,
        run_changes: all(client, RUN_CHANGES, run_change).await?,
        runs: all(client, RUNS, run).await?,
        gaps: all(client, GAPS, gap).await?,
        incidents: all(client, INCIDENTS, incident).await?,
        notifications: all(client, NOTIFICATIONS, notification).await?,
        versions: all(client, VERSIONS, version).await?,
        collections: all(client, COLLECTIONS, |row| (row.get(0), row.get(1))).await?.into_iter().collect(),
        guards: usize::try_from(client.query_one(guards, &[]).await?.get::<_, i64>(0))?,
    })
}

async fn all<T>(client: &Client, sql: &str, read: fn(&Row) -> T) -> anyhow::Result<Vec<T>> {
    Ok(client.query(sql, &[]).await?.iter().map(read).collect())
}

const MONITOR_CHANGES: &str = "SELECT id, slug, gone, document, chaos.ms(anchor_at), chaos.ms(next_slot_at),
    chaos.ms(updated_at) FROM chaos.monitors ORDER BY seq";

fn monitor_change(row: &Row) -> MonitorChange {
    MonitorChange {
        id: row.get(0),
        slug: row.get(1),
        gone: row.get(2),
        document: row.get(3),
        anchor: row.get(4),
        next: row.get(5),
        updated: row.get(6),
    }
}

const RUN_CHANGES: &str =
    "SELECT 'run_' || replace(id::text, '-', ''), chaos.ms(at), state, attempt, owner::text,
    outcome, chaos.ms(started_at), chaos.ms(start_by), coalesce(port, 0) FROM chaos.runs ORDER BY seq";

fn run_change(row: &Row) -> RunChange {
    RunChange {
        id: row.get(0),
        at: row.get(1),
        state: row.get(2),
        attempt: row.get(3),
        owner: row.get(4),
        outcome: row.get(5),
        started: row.get(6),
        start_by: row.get(7),
        port: row.get(8),
    }
}

const RUNS: &str =
    "SELECT 'run_' || replace(id::text, '-', ''), monitor_id::text, collection_id::text, collection,
    collection_version, location, chaos.ms(due_at), chaos.ms(slot_at), state, outcome, reason->>'code',
    reason->>'message', attempt, losses, wakes FROM runs ORDER BY due_at, id";

fn run(row: &Row) -> Run {
    Run {
        id: row.get(0),
        monitor: row.get(1),
        collection: row.get(2),
        collection_slug: row.get(3),
        version: row.get(4),
        location: row.get(5),
        due: row.get(6),
        slot: row.get(7),
        state: row.get(8),
        outcome: row.get(9),
        reason: row.get(10),
        message: row.get(11),
        attempt: row.get(12),
        losses: row.get(13),
        wakes: row.get(14),
    }
}

const GAPS: &str = "SELECT monitor_id::text, collection_id::text, location, chaos.ms(first_slot_at),
    chaos.ms(last_slot_at), slots FROM gaps ORDER BY 1, 2, 3, 4";

fn gap(row: &Row) -> Gap {
    Gap {
        monitor: row.get(0),
        collection: row.get(1),
        location: row.get(2),
        first: row.get(3),
        last: row.get(4),
        slots: row.get(5),
    }
}

const INCIDENTS: &str =
    "SELECT 'inc_' || replace(id::text, '-', ''), monitor_id::text, collection_id::text, state,
    'run_' || replace(opened_by::text, '-', '') FROM incidents ORDER BY opened_at, id";

fn incident(row: &Row) -> Incident {
    Incident {
        id: row.get(0),
        monitor: row.get(1),
        collection: row.get(2),
        state: row.get(3),
        opened_by: row.get(4),
    }
}

const NOTIFICATIONS: &str =
    "SELECT id::text, 'inc_' || replace(incident_id::text, '-', ''), channel, kind, sequence,
    state, last_answer FROM notifications ORDER BY incident_id, channel, sequence";

fn notification(row: &Row) -> Notification {
    Notification {
        id: row.get(0),
        incident: row.get(1),
        channel: row.get(2),
        kind: row.get(3),
        sequence: row.get(4),
        state: row.get(5),
        answer: row.get(6),
    }
}

const COLLECTIONS: &str = "SELECT slug, id::text FROM collections";

const VERSIONS: &str = "SELECT collection_id::text, version, document::text FROM collection_versions";

fn version(row: &Row) -> Version {
    Version { collection: row.get(0), version: row.get(1), document: row.get(2) }
}
