DROP INDEX incidents_of_cause;
ALTER TABLE incidents DROP COLUMN cause;
