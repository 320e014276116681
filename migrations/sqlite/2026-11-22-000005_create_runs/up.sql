CREATE TABLE runs (
    due_at INTEGER NOT NULL CHECK (due_at % 1000 = 0),
    id BLOB NOT NULL,
    collection_id BLOB NOT NULL,
    collection TEXT NOT NULL,
    collection_version INTEGER NOT NULL,
    monitor_id BLOB,
    monitor TEXT,
    environment TEXT,
    location TEXT NOT NULL,
    trigger TEXT NOT NULL CHECK (trigger IN ('schedule', 'manual', 'trigger', 'draft', 'confirm')),
    slot_at INTEGER,
    start_by INTEGER NOT NULL,
    in_maintenance INTEGER NOT NULL CHECK (in_maintenance IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished')),
    wake_at INTEGER,
    wakes INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0,
    owner BLOB,
    started_at INTEGER,
    unsafe_begun INTEGER NOT NULL DEFAULT 0 CHECK (unsafe_begun IN (0, 1)),
    cancel_requested_at INTEGER,
    finished_at INTEGER,
    outcome TEXT CHECK (outcome IN ('passed', 'degraded', 'failed', 'inconclusive', 'missed', 'skipped', 'cancelled')),
    reason TEXT,
    inserted_at INTEGER NOT NULL,
    PRIMARY KEY (due_at, id),
    CHECK ((state = 'queued') = (wake_at IS NOT NULL)),
    CHECK ((state = 'finished') = (outcome IS NOT NULL)),
    CHECK ((state = 'finished') = (finished_at IS NOT NULL)),
    CHECK (state <> 'running' OR (owner IS NOT NULL AND started_at IS NOT NULL AND attempt > 0)),
    CHECK ((trigger = 'schedule') = (slot_at IS NOT NULL)),
    CHECK (trigger <> 'schedule' OR monitor_id IS NOT NULL),
    CHECK ((monitor_id IS NULL) = (monitor IS NULL))
) STRICT;

CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE UNIQUE INDEX runs_slot ON runs (monitor_id, collection_id, location, due_at) WHERE trigger = 'schedule';
CREATE INDEX runs_wake ON runs (wake_at) WHERE state = 'queued';
CREATE INDEX runs_start_by ON runs (start_by) WHERE state = 'queued';
CREATE INDEX runs_owner ON runs (owner) WHERE state = 'running';
CREATE INDEX runs_unfinished ON runs (monitor_id, collection_id, location) WHERE state <> 'finished';
CREATE INDEX runs_of_monitor ON runs (monitor, due_at, id);
CREATE INDEX runs_of_collection ON runs (collection, due_at, id);
CREATE INDEX runs_latest ON runs (monitor_id, collection, due_at, id) WHERE monitor_id IS NOT NULL;
CREATE INDEX runs_pinned ON runs (collection_id, collection_version);

CREATE TRIGGER runs_outcome_is_final BEFORE UPDATE ON runs WHEN OLD.state = 'finished'
BEGIN
    SELECT RAISE(ABORT, 'a finished run does not change');
END;
