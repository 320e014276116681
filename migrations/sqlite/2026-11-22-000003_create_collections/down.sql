DROP TABLE collection_versions;
DROP TABLE collections;
