"""A Scale plugin: files in an SQLite database, and rules on file names."""
