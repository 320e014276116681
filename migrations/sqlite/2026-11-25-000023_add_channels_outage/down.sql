ALTER TABLE channels DROP COLUMN broken_since;
ALTER TABLE channels DROP COLUMN outage;
ALTER TABLE channels DROP COLUMN outage_told;
