CREATE TABLE collections (
    id BLOB NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL CHECK (version >= 1),
    environment TEXT REFERENCES environments (slug),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX collections_environment ON collections (environment);

CREATE TABLE collection_versions (
    collection_id BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (collection_id, version)
) STRICT;
