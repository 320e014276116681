ALTER TABLE incidents ADD COLUMN cause TEXT;

CREATE INDEX incidents_of_cause ON incidents (cause) WHERE state <> 'resolved';
