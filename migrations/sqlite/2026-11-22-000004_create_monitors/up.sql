CREATE TABLE monitors (
    id BLOB NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    environment TEXT REFERENCES environments (slug),
    owner TEXT REFERENCES collections (slug),
    anchor_at INTEGER NOT NULL,
    next_slot_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX monitors_due ON monitors (next_slot_at) WHERE next_slot_at IS NOT NULL;
CREATE INDEX monitors_environment ON monitors (environment);
CREATE UNIQUE INDEX monitors_owner ON monitors (owner);

CREATE TABLE monitor_collections (
    monitor_id BLOB NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    collection TEXT NOT NULL REFERENCES collections (slug),
    position INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, collection)
) STRICT, WITHOUT ROWID;

CREATE INDEX monitor_collections_collection ON monitor_collections (collection);

CREATE TABLE monitor_channels (
    monitor_id BLOB NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    channel TEXT NOT NULL REFERENCES channels (slug),
    PRIMARY KEY (monitor_id, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX monitor_channels_channel ON monitor_channels (channel);
