CREATE TABLE gaps (
    monitor_id uuid NOT NULL,
    monitor text NOT NULL,
    collection_id uuid NOT NULL,
    location text NOT NULL,
    first_slot_at timestamptz NOT NULL,
    last_slot_at timestamptz NOT NULL,
    slots bigint NOT NULL CHECK (slots >= 1),
    inserted_at timestamptz NOT NULL,
    PRIMARY KEY (monitor_id, collection_id, location, first_slot_at),
    CHECK (first_slot_at <= last_slot_at)
);

CREATE INDEX gaps_of_monitor ON gaps (monitor, first_slot_at);

COMMENT ON TABLE gaps IS 'Slots that were not run because no scheduler was there, as ranges.';
COMMENT ON COLUMN gaps.monitor IS 'The slug, which history keeps when the monitor has gone.';
COMMENT ON COLUMN gaps.last_slot_at IS 'Inclusive; may be the first.';
COMMENT ON COLUMN gaps.slots IS 'How many slots the range holds.';
