CREATE TABLE cleanups (
    due_at timestamptz(3) NOT NULL,
    run_id uuid NOT NULL,
    attempt integer NOT NULL,
    sealed bytea NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (due_at, run_id)
);

COMMENT ON TABLE cleanups IS
    'What another worker needs to clean up after a run that is lost. Gone with the end of the run.';
COMMENT ON COLUMN cleanups.due_at IS 'The run''s.';
COMMENT ON COLUMN cleanups.attempt IS 'The claim of the run that saved it.';
COMMENT ON COLUMN cleanups.sealed IS 'Encrypted: it holds what targets answered.';
