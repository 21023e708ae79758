"""Secrets: how they are made, and what is kept of them (decision 0022)."""

import hashlib
import hmac
import secrets
import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

TOKEN_PREFIX: Final = "scale_"  # noqa: S105 - what tokens begin with, so that scanners of sources find leaked ones
HINT_LENGTH: Final = len(TOKEN_PREFIX) + 4

AT_ONCE: Final = 2
"""How many passwords are hashed at one time: each takes memory, and nobody may have us take it all."""


def new_secret() -> str:
    """256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits: nobody can try them all, so a fast hash is enough, and it can be
    looked up by an index."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session_secret: str) -> str:
    """What the pages of a session send with changes: it follows from the cookie, which no page can read."""
    return hmac.new(session_secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str | None, session_secret: str) -> bool:
    """Whether this is the session's."""
    return given is not None and hmac.compare_digest(given.encode(), csrf_token(session_secret).encode())


class Passwords:
    """Hashes passwords with Argon2id, slowly and with 19 MiB each, as OWASP recommends at least."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._slots = threading.Semaphore(AT_ONCE)
        self._nobodys = ""

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._slots:
            return self._hasher.hash(password)

    def is_right(self, password: str, kept: str | None) -> bool:
        """Whether it is the password of which ``kept`` is kept; None: there is none, which takes as long to say."""
        with self._slots:
            # Made before it is known whether it is needed: who asks first must not see by the time whether it was.
            self._nobodys = self._nobodys or self._hasher.hash(new_secret())
            try:
                right = self._hasher.verify(kept or self._nobodys, password)
            except VerificationError:
                return False
        return right and kept is not None
