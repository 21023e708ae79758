"""The cookies that a browser is given."""

from starlette.datastructures import URL
from starlette.responses import Response


def set_cookie(url: URL, name: str, value: str, seconds: int) -> str:
    """The value of a ``Set-Cookie`` header: no script can read the cookie, no other site's request has it but a link
    that is followed, and where the request came by TLS, no other request has it."""
    response = Response()
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=url.scheme == "https", httponly=True, samesite="lax"
    )
    return response.headers["set-cookie"]


def forget_cookie(url: URL, name: str) -> str:
    """The value of a ``Set-Cookie`` header that makes the browser forget a cookie."""
    return set_cookie(url, name, "", 0)
