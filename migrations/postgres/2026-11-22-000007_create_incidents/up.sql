CREATE TABLE health (
    monitor_id uuid NOT NULL,
    collection_id uuid NOT NULL,
    tracker json NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (monitor_id, collection_id)
);

COMMENT ON TABLE health IS 'The memory of the incident machine, and the row that is locked while it is consulted.';

CREATE TABLE incidents (
    id uuid PRIMARY KEY,
    monitor_id uuid NOT NULL,
    monitor text NOT NULL,
    collection_id uuid NOT NULL,
    collection text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    opened_by uuid NOT NULL,
    reason json,
    opened_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL)
);

CREATE UNIQUE INDEX incidents_one_unresolved ON incidents (monitor_id, collection_id) WHERE state <> 'resolved';
CREATE INDEX incidents_of_monitor ON incidents (monitor, id);
CREATE INDEX incidents_resolved ON incidents (resolved_at) WHERE state = 'resolved';

COMMENT ON TABLE incidents IS 'Periods in which a monitor''s collection is down.';
COMMENT ON COLUMN incidents.id IS 'Also the deduplication key at receivers that have one.';
COMMENT ON COLUMN incidents.monitor IS 'The slug, which history keeps when the monitor has gone.';
COMMENT ON COLUMN incidents.collection IS 'The slug, which history keeps when the collection has gone.';
COMMENT ON COLUMN incidents.opened_by IS 'The run that opened it.';
COMMENT ON COLUMN incidents.reason IS 'Why that run failed.';
COMMENT ON COLUMN incidents.opened_at IS 'When that run finished.';
COMMENT ON INDEX incidents_one_unresolved IS 'At most one per monitor and collection is not resolved.';
