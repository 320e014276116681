CREATE TABLE runs (
    due_at timestamptz(3) NOT NULL,
    id uuid NOT NULL,
    collection_id uuid NOT NULL,
    collection text NOT NULL,
    collection_version integer NOT NULL,
    monitor_id uuid,
    monitor text,
    environment text,
    location text NOT NULL,
    trigger text NOT NULL CHECK (trigger IN ('schedule', 'manual', 'trigger', 'draft', 'confirm')),
    slot_at timestamptz,
    start_by timestamptz NOT NULL,
    in_maintenance boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'finished')),
    wake_at timestamptz,
    wakes integer NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    owner uuid,
    started_at timestamptz,
    unsafe_begun boolean NOT NULL DEFAULT false,
    cancel_requested_at timestamptz,
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('passed', 'degraded', 'failed', 'inconclusive', 'missed', 'skipped', 'cancelled')),
    reason json,
    inserted_at timestamptz NOT NULL,
    PRIMARY KEY (due_at, id),
    CHECK ((state = 'queued') = (wake_at IS NOT NULL)),
    CHECK ((state = 'finished') = (outcome IS NOT NULL)),
    CHECK ((state = 'finished') = (finished_at IS NOT NULL)),
    CHECK (state <> 'running' OR (owner IS NOT NULL AND started_at IS NOT NULL AND attempt > 0)),
    CHECK ((trigger = 'schedule') = (slot_at IS NOT NULL)),
    CHECK (trigger <> 'schedule' OR monitor_id IS NOT NULL),
    CHECK ((monitor_id IS NULL) = (monitor IS NULL))
);

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

CREATE FUNCTION runs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a finished run does not change' USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER runs_outcome_is_final BEFORE UPDATE ON runs
FOR EACH ROW WHEN (OLD.state = 'finished') EXECUTE FUNCTION runs_refuse_change();

COMMENT ON TABLE runs IS
    'One row per execution of a collection, from its slot to its outcome. No foreign keys: history outlives what it ran.';
COMMENT ON COLUMN runs.due_at IS
    'The slot of scheduled runs, the request''s instant of others, in milliseconds: the one in the id (UUIDv7).';
COMMENT ON COLUMN runs.collection IS 'The slug, which history keeps when the collection has gone.';
COMMENT ON COLUMN runs.collection_version IS 'Pinned when the run was inserted.';
COMMENT ON COLUMN runs.monitor IS 'The slug, which history keeps when the monitor has gone.';
COMMENT ON COLUMN runs.slot_at IS 'Only of scheduled runs.';
COMMENT ON COLUMN runs.start_by IS 'due_at plus the lateness that is allowed: it starts before this instant or is missed.';
COMMENT ON COLUMN runs.in_maintenance IS 'Whether the slot lies in a maintenance window.';
COMMENT ON COLUMN runs.wake_at IS 'While queued: when the relay publishes its message again.';
COMMENT ON COLUMN runs.wakes IS 'How often it was published since it was queued; the back-off grows with it.';
COMMENT ON COLUMN runs.attempt IS 'How often it was claimed; a result counts only with the current one.';
COMMENT ON COLUMN runs.owner IS 'The worker that claimed it last.';
COMMENT ON COLUMN runs.started_at IS 'When it was claimed last.';
COMMENT ON COLUMN runs.losses IS 'How many workers were lost while they executed it.';
COMMENT ON COLUMN runs.unsafe_begun IS 'Committed before the first request that must not be sent twice.';
COMMENT ON COLUMN runs.cancel_requested_at IS 'When somebody asked its worker to stop it.';
COMMENT ON COLUMN runs.outcome IS 'Set when finished; a trigger holds it for ever.';
COMMENT ON INDEX runs_slot IS 'One run per slot.';
COMMENT ON INDEX runs_latest IS 'For the start page: the latest run of each collection of each monitor.';
COMMENT ON INDEX runs_pinned IS 'For retention: which versions are still needed.';
