DELETE FROM notifications WHERE standalone OR kind = 'worsened';

CREATE TABLE notifications_new (
    id BLOB NOT NULL PRIMARY KEY,
    incident_id BLOB NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('opened', 'reminded', 'acknowledged', 'resolved')),
    sequence INTEGER NOT NULL,
    notice TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dead', 'suppressed')),
    wake_at INTEGER,
    wakes INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    owner BLOB,
    lease_until INTEGER,
    may_have_arrived INTEGER NOT NULL DEFAULT 0 CHECK (may_have_arrived IN (0, 1)),
    last_answer TEXT,
    sent_at INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (incident_id, channel, kind, sequence),
    CHECK ((state = 'pending') = (wake_at IS NOT NULL)),
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK (state <> 'sending' OR owner IS NOT NULL),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) STRICT;

INSERT INTO notifications_new (id, incident_id, channel, kind, sequence, notice, state, wake_at, wakes, next_attempt_at, attempt, owner, lease_until, may_have_arrived, last_answer, sent_at, created_at)
SELECT id, incident_id, channel, kind, sequence, notice, state, wake_at, wakes, next_attempt_at, attempt, owner, lease_until, may_have_arrived, last_answer, sent_at, created_at
FROM notifications;

DROP TABLE notifications;
ALTER TABLE notifications_new RENAME TO notifications;


CREATE INDEX notifications_lane ON notifications (incident_id, channel, sequence);
CREATE INDEX notifications_of_channel ON notifications (channel, id);
CREATE INDEX notifications_wake ON notifications (wake_at) WHERE state = 'pending';
CREATE INDEX notifications_lease ON notifications (lease_until) WHERE state = 'sending';
