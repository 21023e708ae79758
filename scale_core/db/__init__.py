"""The database: one set of models for SQLite and PostgreSQL, sessions, queries and migrations."""
