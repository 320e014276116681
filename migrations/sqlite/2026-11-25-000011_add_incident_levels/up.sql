-- The kinds of notifications get their `worsened` where their table is made anew, by `extend_notifications`.
ALTER TABLE incidents ADD COLUMN level TEXT NOT NULL DEFAULT 'down' CHECK (level IN ('degraded', 'down'));
