ALTER TABLE incidents ADD COLUMN level text NOT NULL DEFAULT 'down' CHECK (level IN ('degraded', 'down'));
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check
    CHECK (kind IN ('opened', 'worsened', 'reminded', 'acknowledged', 'resolved'));

COMMENT ON COLUMN incidents.level IS 'How bad the target was at the worst.';
