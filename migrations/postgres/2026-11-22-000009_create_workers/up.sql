CREATE TABLE workers (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    version text NOT NULL,
    location text NOT NULL,
    slots integer NOT NULL,
    started_at timestamptz NOT NULL,
    alive_until timestamptz NOT NULL
);

COMMENT ON TABLE workers IS 'Worker processes and their leases.';
COMMENT ON COLUMN workers.id IS 'Fresh per process start.';
COMMENT ON COLUMN workers.slots IS 'How many runs it takes at once.';
COMMENT ON COLUMN workers.alive_until IS 'The lease: past this instant its runs are taken from it.';
