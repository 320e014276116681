ALTER TABLE incidents DROP COLUMN level;
