CREATE TABLE notification_attempts (
    notification_id BLOB NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    status INTEGER,
    answer TEXT,
    PRIMARY KEY (notification_id, attempt),
    CHECK ((ended_at IS NULL) = (answer IS NULL))
) STRICT;
