ALTER TABLE runs ADD COLUMN avoid uuid;

COMMENT ON COLUMN runs.avoid IS 'Of a confirmation: the worker that saw the failure. Others have a moment to take it.';
