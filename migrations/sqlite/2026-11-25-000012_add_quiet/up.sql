ALTER TABLE incidents ADD COLUMN snoozed_until INTEGER;
ALTER TABLE monitors ADD COLUMN muted TEXT;
