DROP TABLE runs;
DROP FUNCTION runs_refuse_change;
