ALTER TABLE notifications
    DROP CONSTRAINT notifications_incident_id_fkey,
    ADD COLUMN standalone boolean NOT NULL DEFAULT false,
    ADD COLUMN receipt text,
    ADD COLUMN allowed_at timestamptz,
    ADD COLUMN worth_until timestamptz;

ALTER TABLE notifications
    ADD COLUMN told_of uuid GENERATED ALWAYS AS (CASE WHEN standalone THEN NULL ELSE incident_id END) STORED
        REFERENCES incidents (id) ON DELETE CASCADE;

UPDATE notifications SET worth_until = created_at + interval '24 hours';

ALTER TABLE notifications ALTER COLUMN worth_until SET NOT NULL;

CREATE INDEX notifications_told_of ON notifications (told_of);
CREATE INDEX notifications_standalone ON notifications (created_at) WHERE standalone;

COMMENT ON COLUMN notifications.incident_id IS 'The incident, or of a standalone one what holds its messages together.';
COMMENT ON COLUMN notifications.standalone IS 'Whether it is about no incident: a test, or a broken channel.';
COMMENT ON COLUMN notifications.told_of IS 'The incident, which takes its notifications along.';
COMMENT ON COLUMN notifications.receipt IS 'By what name the receiver knows it, where later messages need that (a thread in Slack).';
COMMENT ON COLUMN notifications.allowed_at IS 'The turn that it was given by the pace of its receiver, until it is taken.';
COMMENT ON COLUMN notifications.worth_until IS 'When it is given up: 24 hours after the event, or after somebody wanted it sent again.';
