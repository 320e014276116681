-- A journal of every change of monitors and runs, in the transaction that makes it.
CREATE SCHEMA chaos;

CREATE FUNCTION chaos.ms(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT floor(extract(epoch FROM at) * 1000)::bigint $$;

CREATE TABLE chaos.monitors (
    seq bigserial PRIMARY KEY,
    id text NOT NULL,
    slug text NOT NULL,
    gone boolean NOT NULL,
    document text NOT NULL,
    anchor_at timestamptz NOT NULL,
    next_slot_at timestamptz,
    updated_at timestamptz NOT NULL
);

CREATE FUNCTION chaos.note_monitor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed record;
BEGIN
    changed := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    INSERT INTO chaos.monitors (id, slug, gone, document, anchor_at, next_slot_at, updated_at)
    VALUES (changed.id::text, changed.slug, TG_OP = 'DELETE', changed.document::text, changed.anchor_at,
            changed.next_slot_at, changed.updated_at);
    RETURN NULL;
END
$$;

CREATE TRIGGER chaos_monitors AFTER INSERT OR UPDATE OR DELETE ON monitors
FOR EACH ROW EXECUTE FUNCTION chaos.note_monitor();

CREATE TABLE chaos.runs (
    seq bigserial PRIMARY KEY,
    id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL,
    attempt integer NOT NULL,
    owner uuid,
    outcome text,
    started_at timestamptz,
    start_by timestamptz NOT NULL,
    port integer DEFAULT inet_client_port()
);

CREATE FUNCTION chaos.note_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO chaos.runs (id, state, attempt, owner, outcome, started_at, start_by)
        VALUES (OLD.id, 'gone', OLD.attempt, OLD.owner, OLD.outcome, OLD.started_at, OLD.start_by);
    ELSIF TG_OP = 'INSERT'
        OR (OLD.state, OLD.attempt, OLD.owner, OLD.outcome) IS DISTINCT FROM (NEW.state, NEW.attempt, NEW.owner, NEW.outcome)
    THEN
        INSERT INTO chaos.runs (id, state, attempt, owner, outcome, started_at, start_by)
        VALUES (NEW.id, NEW.state, NEW.attempt, NEW.owner, NEW.outcome, NEW.started_at, NEW.start_by);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER chaos_runs AFTER INSERT OR UPDATE OR DELETE ON runs
FOR EACH ROW EXECUTE FUNCTION chaos.note_run();
