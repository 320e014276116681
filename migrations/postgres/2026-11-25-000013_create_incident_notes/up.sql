CREATE TABLE incident_notes (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    author text,
    text text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX incident_notes_of_incident ON incident_notes (incident_id, id);

COMMENT ON TABLE incident_notes IS 'What people wrote down while an incident lasted, and afterwards.';
COMMENT ON COLUMN incident_notes.author IS 'As whoever wrote it calls himself; nobody checks it.';
