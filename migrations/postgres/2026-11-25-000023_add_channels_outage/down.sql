ALTER TABLE channels
    DROP COLUMN broken_since,
    DROP COLUMN outage,
    DROP COLUMN outage_told;
