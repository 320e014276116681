ALTER TABLE monitors DROP COLUMN muted;
ALTER TABLE incidents DROP COLUMN snoozed_until;
