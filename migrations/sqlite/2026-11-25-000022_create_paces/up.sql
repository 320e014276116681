CREATE TABLE paces (
    key TEXT NOT NULL PRIMARY KEY,
    turns TEXT NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;

CREATE INDEX paces_last_at ON paces (last_at);
