"""What can be wrong with the database itself."""


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the message says why and what to do."""
