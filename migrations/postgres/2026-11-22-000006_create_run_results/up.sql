CREATE TABLE run_results (
    due_at timestamptz(3) NOT NULL,
    run_id uuid NOT NULL,
    encoding text NOT NULL CHECK (encoding IN ('json', 'json+deflate')),
    packed bytea NOT NULL,
    PRIMARY KEY (due_at, run_id)
);

COMMENT ON TABLE run_results IS 'What is kept of a run: all steps, attempts and assertions in one packed row.';
COMMENT ON COLUMN run_results.due_at IS 'The run''s.';
COMMENT ON COLUMN run_results.encoding IS 'How to read packed; deflate is the zlib format (RFC 1950).';
