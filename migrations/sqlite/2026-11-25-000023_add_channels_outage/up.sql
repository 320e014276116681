ALTER TABLE channels ADD COLUMN broken_since INTEGER;
ALTER TABLE channels ADD COLUMN outage BLOB;
ALTER TABLE channels ADD COLUMN outage_told TEXT;

UPDATE channels SET broken_since = updated_at WHERE broken IS NOT NULL;
