CREATE TABLE collection_uses (
    collection_id uuid NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    used text NOT NULL REFERENCES collections (slug),
    PRIMARY KEY (collection_id, used)
);

CREATE INDEX collection_uses_used ON collection_uses (used);

COMMENT ON TABLE collection_uses IS 'Which shared set-ups a collection uses; as in its document.';

CREATE TABLE set_ups (
    collection_id uuid NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    environment text NOT NULL,
    version integer NOT NULL,
    environment_at timestamptz,
    generation integer NOT NULL DEFAULT 0,
    sealed bytea,
    fetched_at timestamptz,
    fetched_by uuid,
    failures integer NOT NULL DEFAULT 0,
    failure json,
    failed_at timestamptz,
    failed_by uuid,
    fetching_by uuid,
    fetching_until timestamptz,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (collection_id, environment),
    CHECK ((sealed IS NULL) = (fetched_at IS NULL)),
    CHECK ((fetching_by IS NULL) = (fetching_until IS NULL))
);

CREATE INDEX set_ups_claimed ON set_ups (claimed_at);

COMMENT ON TABLE set_ups IS 'What shared set-ups captured, once for all runs that use them.';
COMMENT ON COLUMN set_ups.environment IS 'The slug of the environment in which it was run; empty without one.';
COMMENT ON COLUMN set_ups.version IS 'Of the collection, when it was fetched.';
COMMENT ON COLUMN set_ups.environment_at IS 'The environment''s last change then.';
COMMENT ON COLUMN set_ups.generation IS 'One more with every fetch that passed.';
COMMENT ON COLUMN set_ups.sealed IS 'Encrypted: the captures.';
COMMENT ON COLUMN set_ups.fetched_by IS 'The run that needed them first.';
COMMENT ON COLUMN set_ups.failures IS 'In a row, since the last fetch that passed.';
COMMENT ON COLUMN set_ups.failed_by IS 'The run that needed the last one that failed; null when it could not be run.';
COMMENT ON COLUMN set_ups.fetching_by IS 'The worker that fetches; only while that is alive.';
COMMENT ON COLUMN set_ups.fetching_until IS 'No fetch takes longer.';
