CREATE TABLE incident_notes (
    id BLOB NOT NULL PRIMARY KEY,
    incident_id BLOB NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    author TEXT,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX incident_notes_of_incident ON incident_notes (incident_id, id);
