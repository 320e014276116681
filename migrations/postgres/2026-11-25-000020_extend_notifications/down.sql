DELETE FROM notifications WHERE standalone;

ALTER TABLE notifications
    DROP COLUMN told_of,
    DROP COLUMN standalone,
    DROP COLUMN receipt,
    DROP COLUMN allowed_at,
    DROP COLUMN worth_until,
    ADD CONSTRAINT notifications_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents (id) ON DELETE CASCADE;
