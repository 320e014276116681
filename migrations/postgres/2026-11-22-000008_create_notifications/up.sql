CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    channel text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('opened', 'reminded', 'acknowledged', 'resolved')),
    sequence integer NOT NULL,
    notice json NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dead', 'suppressed')),
    wake_at timestamptz,
    wakes integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    attempt integer NOT NULL DEFAULT 0,
    owner uuid,
    lease_until timestamptz,
    may_have_arrived boolean NOT NULL DEFAULT false,
    last_answer text,
    sent_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (incident_id, channel, kind, sequence),
    CHECK ((state = 'pending') = (wake_at IS NOT NULL)),
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK (state <> 'sending' OR owner IS NOT NULL),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);

CREATE INDEX notifications_lane ON notifications (incident_id, channel, sequence);
CREATE INDEX notifications_of_channel ON notifications (channel, id);
CREATE INDEX notifications_wake ON notifications (wake_at) WHERE state = 'pending';
CREATE INDEX notifications_lease ON notifications (lease_until) WHERE state = 'sending';

COMMENT ON TABLE notifications IS 'One incident event to one channel; (incident, channel) is a lane that is worked through in order.';
COMMENT ON COLUMN notifications.channel IS 'The slug; no foreign key, so that history outlives the channel.';
COMMENT ON COLUMN notifications.sequence IS 'Order within the lane, from 0.';
COMMENT ON COLUMN notifications.notice IS 'All that rendering needs, as it was when the event happened.';
COMMENT ON COLUMN notifications.wake_at IS 'While pending: when the relay publishes its message again.';
COMMENT ON COLUMN notifications.wakes IS 'How often it was published since it became pending; the back-off grows with it.';
COMMENT ON COLUMN notifications.next_attempt_at IS 'While pending: not before this instant.';
COMMENT ON COLUMN notifications.attempt IS 'How often it was claimed; a record counts only with the current one.';
COMMENT ON COLUMN notifications.lease_until IS 'While sending: past this instant its notifier is taken for dead.';
COMMENT ON COLUMN notifications.may_have_arrived IS 'Whether some attempt ended without a definite refusal.';
COMMENT ON COLUMN notifications.last_answer IS 'What the last try came to, redacted and capped.';
