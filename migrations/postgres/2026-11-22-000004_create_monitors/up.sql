CREATE TABLE monitors (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    document json NOT NULL,
    environment text REFERENCES environments (slug),
    owner text REFERENCES collections (slug),
    anchor_at timestamptz NOT NULL,
    next_slot_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX monitors_due ON monitors (next_slot_at) WHERE next_slot_at IS NOT NULL;
CREATE INDEX monitors_environment ON monitors (environment);
CREATE UNIQUE INDEX monitors_owner ON monitors (owner);

COMMENT ON TABLE monitors IS 'What runs when, where, with which variables, and who is told.';
COMMENT ON COLUMN monitors.slug IS 'What people name it by; never changes.';
COMMENT ON COLUMN monitors.environment IS 'Whose variables and secrets the runs see; as in the document.';
COMMENT ON COLUMN monitors.owner IS 'The collection whose inline schedule this is; only that document edits it.';
COMMENT ON COLUMN monitors.anchor_at IS 'From where intervals are counted: the last change of the schedule.';
COMMENT ON COLUMN monitors.next_slot_at IS 'The first slot that has no runs yet; null while disabled. Never goes back.';

CREATE TABLE monitor_collections (
    monitor_id uuid NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    collection text NOT NULL REFERENCES collections (slug),
    position integer NOT NULL,
    PRIMARY KEY (monitor_id, collection)
);

CREATE INDEX monitor_collections_collection ON monitor_collections (collection);

COMMENT ON TABLE monitor_collections IS 'Which collections a monitor runs; as in its document.';
COMMENT ON COLUMN monitor_collections.position IS 'Order in the document, from 0.';

CREATE TABLE monitor_channels (
    monitor_id uuid NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    channel text NOT NULL REFERENCES channels (slug),
    PRIMARY KEY (monitor_id, channel)
);

CREATE INDEX monitor_channels_channel ON monitor_channels (channel);

COMMENT ON TABLE monitor_channels IS 'Which channels the alert rules of a monitor name; as in its document.';
