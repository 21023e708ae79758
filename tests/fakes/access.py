"""Users and tokens of a test's installation."""

from typing import Any, Final

from scale_core.services.context import Context
from scale_core.services.credentials import Passwords
from scale_core.services.serialization import SerializerContext
from scale_core.services.tokens import TokenService
from scale_core.services.users import UserService

URLS: Final = SerializerContext("http://scale.test")
PASSWORD: Final = "correct horse battery staple"


def add_user(context: Context, name: str, role: Any, password: str | None = None) -> int:
    """A new user; its id."""
    body: Any = {"name": name, "role": role, "password": password}
    return UserService(context, Passwords()).create(body, URLS)["id"]


def add_token(context: Context, user_id: int, **values: Any) -> str:
    """A new token of a user."""
    body: Any = {"user_id": user_id, **values}
    return TokenService(context).create(body, URLS)["token"]


def bearer(token: str) -> dict[str, str]:
    """The headers that show a token."""
    return {"Authorization": f"Bearer {token}"}
