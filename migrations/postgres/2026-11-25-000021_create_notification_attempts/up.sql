CREATE TABLE notification_attempts (
    notification_id uuid NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    status integer,
    answer text,
    PRIMARY KEY (notification_id, attempt),
    CHECK ((ended_at IS NULL) = (answer IS NULL))
);

COMMENT ON TABLE notification_attempts IS 'Every try at a notification, also those whose notifier went away.';
COMMENT ON COLUMN notification_attempts.ended_at IS 'Null while it goes on, and for ever when its notifier went away.';
COMMENT ON COLUMN notification_attempts.status IS 'Of HTTP or SMTP; null when there was no answer.';
COMMENT ON COLUMN notification_attempts.answer IS 'What it came to, redacted and capped.';
