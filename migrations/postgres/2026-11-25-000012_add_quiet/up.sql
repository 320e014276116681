ALTER TABLE incidents ADD COLUMN snoozed_until timestamptz;
ALTER TABLE monitors ADD COLUMN muted json;

COMMENT ON COLUMN incidents.snoozed_until IS 'Until when nothing of it is told, but that it is over.';
COMMENT ON COLUMN monitors.muted IS 'Since when, until when and why nothing begins to be told; saving the document does not change it.';
