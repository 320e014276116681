CREATE TABLE gaps (
    monitor_id BLOB NOT NULL,
    monitor TEXT NOT NULL,
    collection_id BLOB NOT NULL,
    location TEXT NOT NULL,
    first_slot_at INTEGER NOT NULL,
    last_slot_at INTEGER NOT NULL,
    slots INTEGER NOT NULL CHECK (slots >= 1),
    inserted_at INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, collection_id, location, first_slot_at),
    CHECK (first_slot_at <= last_slot_at)
) STRICT;

CREATE INDEX gaps_of_monitor ON gaps (monitor, first_slot_at);
