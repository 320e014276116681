CREATE TABLE health (
    monitor_id BLOB NOT NULL,
    collection_id BLOB NOT NULL,
    tracker TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, collection_id)
) STRICT;

CREATE TABLE incidents (
    id BLOB NOT NULL PRIMARY KEY,
    monitor_id BLOB NOT NULL,
    monitor TEXT NOT NULL,
    collection_id BLOB NOT NULL,
    collection TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    opened_by BLOB NOT NULL,
    reason TEXT,
    opened_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    resolved_at INTEGER,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX incidents_one_unresolved ON incidents (monitor_id, collection_id) WHERE state <> 'resolved';
CREATE INDEX incidents_of_monitor ON incidents (monitor, id);
CREATE INDEX incidents_resolved ON incidents (resolved_at) WHERE state = 'resolved';
