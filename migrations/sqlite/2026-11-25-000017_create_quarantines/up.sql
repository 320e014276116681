CREATE TABLE quarantines (
    collection_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    collection TEXT NOT NULL,
    run_id BLOB NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (collection_id, version)
) STRICT;
