"""What can be wrong with the database itself."""


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the message says why and what to do."""


def said(error: BaseException | None) -> str:
    """What a database said, in one line without a full stop: a server says it in several."""
    return " ".join(str(error).split()).rstrip(".")
