DROP TABLE set_ups;
DROP TABLE collection_uses;
