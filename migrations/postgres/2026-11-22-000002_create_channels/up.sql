CREATE TABLE channels (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    document json NOT NULL,
    environment text REFERENCES environments (slug),
    broken text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX channels_environment ON channels (environment);

COMMENT ON TABLE channels IS 'Ways to tell someone, as users wrote them.';
COMMENT ON COLUMN channels.slug IS 'What monitors and notifications name it by; never changes.';
COMMENT ON COLUMN channels.environment IS 'Where its references find variables and secrets; as in the document.';
COMMENT ON COLUMN channels.broken IS 'Why the receiver refuses us, if it does.';
