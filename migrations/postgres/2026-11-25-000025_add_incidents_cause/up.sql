ALTER TABLE incidents ADD COLUMN cause text;

CREATE INDEX incidents_of_cause ON incidents (cause) WHERE state <> 'resolved';

COMMENT ON COLUMN incidents.cause IS
    'The shared set-up that is to blame, and where: collection@environment. Whoever knows of one such incident knows of all.';
