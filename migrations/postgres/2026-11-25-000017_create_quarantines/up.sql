CREATE TABLE quarantines (
    collection_id uuid NOT NULL,
    version integer NOT NULL,
    collection text NOT NULL,
    run_id uuid NOT NULL,
    reason json NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (collection_id, version)
);

COMMENT ON TABLE quarantines IS
    'Versions of collections that are not run, because one run of them took two workers along. A new version is not in it.';
COMMENT ON COLUMN quarantines.collection IS 'The slug.';
COMMENT ON COLUMN quarantines.run_id IS 'The run that took them along.';
