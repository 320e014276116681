-- SQLite has no partitions: retention deletes rows there. The two databases have the same migrations all the same.
SELECT 1;
