CREATE TABLE cleanups (
    due_at INTEGER NOT NULL,
    run_id BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (due_at, run_id)
) STRICT;
