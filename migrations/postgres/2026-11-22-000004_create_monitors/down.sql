DROP TABLE monitor_channels;
DROP TABLE monitor_collections;
DROP TABLE monitors;
