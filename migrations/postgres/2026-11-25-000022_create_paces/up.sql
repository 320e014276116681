CREATE TABLE paces (
    key text PRIMARY KEY,
    turns json NOT NULL,
    last_at timestamptz NOT NULL
);

CREATE INDEX paces_last_at ON paces (last_at);

COMMENT ON TABLE paces IS 'How fast receivers are written to, by all notifiers together.';
COMMENT ON COLUMN paces.key IS 'A digest of what the receiver counts by; never a key of theirs in clear.';
COMMENT ON COLUMN paces.turns IS 'The latest turns that were given, in microseconds since 1970, as many as fit into one period.';
COMMENT ON COLUMN paces.last_at IS 'The latest of them; past it the row can be forgotten.';
