CREATE TABLE run_results (
    due_at INTEGER NOT NULL,
    run_id BLOB NOT NULL,
    encoding TEXT NOT NULL CHECK (encoding IN ('json', 'json+deflate')),
    packed BLOB NOT NULL,
    PRIMARY KEY (due_at, run_id)
) STRICT;
