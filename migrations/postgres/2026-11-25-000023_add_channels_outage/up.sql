ALTER TABLE channels
    ADD COLUMN broken_since timestamptz,
    ADD COLUMN outage uuid,
    ADD COLUMN outage_told text;

UPDATE channels SET broken_since = updated_at WHERE broken IS NOT NULL;

COMMENT ON COLUMN channels.broken_since IS 'Since when, if it does.';
COMMENT ON COLUMN channels.outage IS 'What holds the messages together that another channel got about it.';
COMMENT ON COLUMN channels.outage_told IS 'Which other channel.';
