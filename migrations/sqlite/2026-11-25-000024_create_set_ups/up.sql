CREATE TABLE collection_uses (
    collection_id BLOB NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    used TEXT NOT NULL REFERENCES collections (slug),
    PRIMARY KEY (collection_id, used)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_uses_used ON collection_uses (used);

CREATE TABLE set_ups (
    collection_id BLOB NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    environment TEXT NOT NULL,
    version INTEGER NOT NULL,
    environment_at INTEGER,
    generation INTEGER NOT NULL DEFAULT 0,
    sealed BLOB,
    fetched_at INTEGER,
    fetched_by BLOB,
    failures INTEGER NOT NULL DEFAULT 0,
    failure TEXT,
    failed_at INTEGER,
    failed_by BLOB,
    fetching_by BLOB,
    fetching_until INTEGER,
    claimed_at INTEGER NOT NULL,
    PRIMARY KEY (collection_id, environment),
    CHECK ((sealed IS NULL) = (fetched_at IS NULL)),
    CHECK ((fetching_by IS NULL) = (fetching_until IS NULL))
) STRICT;

CREATE INDEX set_ups_claimed ON set_ups (claimed_at);
