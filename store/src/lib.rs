//! PostgreSQL or embedded SQLite behind one source of queries.
