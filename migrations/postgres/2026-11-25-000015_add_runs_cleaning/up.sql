ALTER TABLE runs ADD COLUMN cleaning boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN runs.cleaning IS
    'Only its clean-up is left to do: its worker was lost, or left it, after an unsafe request. start_by is that of the clean-up then.';
