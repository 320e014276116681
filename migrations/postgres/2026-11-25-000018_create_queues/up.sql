CREATE TABLE queues (
    name text PRIMARY KEY,
    ready bigint NOT NULL,
    unacked bigint,
    consumers bigint NOT NULL,
    dead bigint NOT NULL,
    parked bigint NOT NULL,
    waiting bigint NOT NULL,
    oldest_at timestamptz,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE queues IS 'What schedulers saw last in the broker and in the rows, for people to look at; nothing decides by it.';
COMMENT ON COLUMN queues.name IS 'As it is called without the installation''s prefix.';
COMMENT ON COLUMN queues.ready IS 'Messages that wait for a consumer.';
COMMENT ON COLUMN queues.unacked IS 'Messages in the hands of consumers; null where the broker does not tell.';
COMMENT ON COLUMN queues.dead IS 'Dead letters that wait for a scheduler: of all queues where the broker keeps them together.';
COMMENT ON COLUMN queues.parked IS 'Messages put aside for people: of all queues.';
COMMENT ON COLUMN queues.waiting IS 'Rows that wait: queued runs, pending notifications.';
COMMENT ON COLUMN queues.oldest_at IS 'Since when the oldest of those rows is due.';
COMMENT ON COLUMN queues.updated_at IS 'When a scheduler looked.';
