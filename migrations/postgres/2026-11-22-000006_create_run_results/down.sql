DROP TABLE run_results;
