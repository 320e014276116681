CREATE TABLE environments (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    document json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE environments IS 'Named variables and secrets, as users wrote them.';
COMMENT ON COLUMN environments.slug IS 'What other documents name it by; never changes.';
COMMENT ON COLUMN environments.document IS 'Without the secrets. json and not jsonb: the order of keys is the user''s.';
COMMENT ON COLUMN environments.updated_at IS 'When the document or a secret changed last.';

CREATE TABLE environment_secrets (
    environment_id uuid NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name text NOT NULL,
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment_id, name)
);

COMMENT ON TABLE environment_secrets IS 'Secrets of environments, never in clear.';
COMMENT ON COLUMN environment_secrets.sealed IS
    'XChaCha20-Poly1305: 24 bytes of nonce, then the ciphertext; the associated data is environment id, slash, name.';
