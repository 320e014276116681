DROP TABLE incidents;
DROP TABLE health;
