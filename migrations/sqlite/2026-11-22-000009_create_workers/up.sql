CREATE TABLE workers (
    id BLOB NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    location TEXT NOT NULL,
    slots INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    alive_until INTEGER NOT NULL
) STRICT;
