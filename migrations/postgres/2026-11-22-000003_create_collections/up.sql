CREATE TABLE collections (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    version integer NOT NULL CHECK (version >= 1),
    environment text REFERENCES environments (slug),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX collections_environment ON collections (environment);

COMMENT ON TABLE collections IS 'Collections that there are; what they say is in their versions.';
COMMENT ON COLUMN collections.slug IS 'What monitors name it by; never changes.';
COMMENT ON COLUMN collections.version IS 'The current one.';
COMMENT ON COLUMN collections.environment IS 'Whose variables and secrets the runs see; as in the current version.';
COMMENT ON COLUMN collections.updated_at IS 'When the current version came into being.';

CREATE TABLE collection_versions (
    collection_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    document json NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (collection_id, version)
);

COMMENT ON TABLE collection_versions IS
    'What runs are pinned to: never changed, and kept after the collection has gone for as long as a run needs it.';
COMMENT ON COLUMN collection_versions.collection_id IS 'No foreign key: versions outlive their collection.';
