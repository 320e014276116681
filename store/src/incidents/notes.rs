//! What people write down about an incident.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    id::{IncidentId, NoteId},
    incident::Note,
};

use crate::{
    Conn, Result,
    conn::with,
    schema::incident_notes,
    types::{Key, Moment},
};

/// Keeps a note.
pub async fn add_note(
    conn: &mut Conn,
    incident: IncidentId,
    author: Option<String>,
    text: String,
    now: DateTime<Utc>,
) -> Result<Note> {
    let note = Note { id: NoteId::random(now), author, text, created_at: now };
    let row = (
        incident_notes::id.eq(Key(note.id)),
        incident_notes::incident_id.eq(Key(incident)),
        incident_notes::author.eq(note.author.clone()),
        incident_notes::text.eq(note.text.clone()),
        incident_notes::created_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::insert_into(incident_notes::table).values(row).execute(c))?;
    Ok(note)
}

/// All notes of an incident, the oldest first.
pub async fn notes_of(conn: &mut Conn, incident: IncidentId) -> Result<Vec<Note>> {
    let notes =
        incident_notes::table.filter(incident_notes::incident_id.eq(Key(incident))).order(incident_notes::id);
    let rows: Vec<Row> = with!(conn, |c| notes.select(Row::as_select()).load(c))?;
    Ok(rows.into_iter().map(Note::from).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = incident_notes)]
struct Row {
    id: Key<NoteId>,
    author: Option<String>,
    text: String,
    created_at: Moment,
}

impl From<Row> for Note {
    fn from(row: Row) -> Self {
        Self { id: row.id.0, author: row.author, text: row.text, created_at: row.created_at.0 }
    }
}
