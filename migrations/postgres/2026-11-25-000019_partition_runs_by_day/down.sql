LOCK TABLE runs, run_results IN ACCESS EXCLUSIVE MODE;

CREATE TABLE runs_in_one (LIKE runs INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS);
INSERT INTO runs_in_one SELECT * FROM runs;
DROP TABLE runs;
ALTER TABLE runs_in_one RENAME TO runs;

ALTER TABLE runs ADD PRIMARY KEY (due_at, id);
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

CREATE TRIGGER runs_outcome_is_final BEFORE UPDATE ON runs
FOR EACH ROW WHEN (OLD.state = 'finished') EXECUTE FUNCTION runs_refuse_change();

COMMENT ON TABLE runs IS
    'One row per execution of a collection, from its slot to its outcome. No foreign keys: history outlives what it ran.';
COMMENT ON INDEX runs_slot IS 'One run per slot.';
COMMENT ON INDEX runs_latest IS 'For the start page: the latest run of each collection of each monitor.';
COMMENT ON INDEX runs_pinned IS 'For retention: which versions are still needed.';

CREATE TABLE run_results_in_one (LIKE run_results INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS);
INSERT INTO run_results_in_one SELECT * FROM run_results;
DROP TABLE run_results;
ALTER TABLE run_results_in_one RENAME TO run_results;

ALTER TABLE run_results ADD PRIMARY KEY (due_at, run_id);

COMMENT ON TABLE run_results IS
    'What is kept of a run: all steps, attempts and assertions in one packed row.';
