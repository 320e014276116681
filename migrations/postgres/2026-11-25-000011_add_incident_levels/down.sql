DELETE FROM notifications WHERE kind = 'worsened';
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check
    CHECK (kind IN ('opened', 'reminded', 'acknowledged', 'resolved'));
ALTER TABLE incidents DROP COLUMN level;
