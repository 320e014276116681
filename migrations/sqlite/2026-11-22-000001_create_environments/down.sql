DROP TABLE environment_secrets;
DROP TABLE environments;
