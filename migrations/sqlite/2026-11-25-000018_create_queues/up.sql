CREATE TABLE queues (
    name TEXT NOT NULL PRIMARY KEY,
    ready INTEGER NOT NULL,
    unacked INTEGER,
    consumers INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    parked INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    oldest_at INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;
