"""The request that is being handled: its URLs."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from connexion.context import scope as current
from starlette.datastructures import URL
from starlette.types import Scope

from scale_core.api.public import PUBLIC_URL
from scale_core.api.storage_urls import STORAGE_URLS
from scale_core.services.cursors import PARAMETER
from scale_core.services.listing import ListPage
from scale_core.services.serialization import SerializerContext

T = TypeVar("T")


class Paged(Protocol):
    """The query of a list."""

    @property
    def page(self) -> int:
        """Number of the page, from 1."""

    @property
    def page_size(self) -> int:
        """Results on a page."""


def urls() -> SerializerContext:
    """Absolute URLs, as the client that asks would write them."""
    scope = current_scope()
    return SerializerContext(base_url(scope), scope.get("extensions", {}).get(STORAGE_URLS))


def current_scope() -> Scope:
    """The scope of the request that is being handled: itself, since each look through connexion's proxies takes as long
    as the rest of what is looked for."""
    found: Scope = current._get_current_object()
    return found


def base_url(scope: Scope) -> str:
    """Scheme, host and prefix under which clients reach this API, without a slash at the end: as the settings say, or
    else as the request does."""
    public_url = scope.get("extensions", {}).get(PUBLIC_URL)
    if public_url is not None:
        return str(public_url)
    url = URL(scope=scope)
    return f"{url.scheme}://{url.netloc}{scope.get('root_path', '')}"


def path_prefix(scope: Scope) -> str:
    """What stands before the paths of the document in those that clients know, without a slash at the end."""
    return urlsplit(base_url(scope)).path


def location(path: str) -> str:
    """The absolute URL of a path of the document."""
    return f"{base_url(current_scope())}{path}"


def paged(query: Paged, found: ListPage[T]) -> Mapping[str, Any]:
    """A page of a list with its neighbours' URLs, which keep the query: by a cursor where the order has them, else by
    the page's number."""
    last = -(-found.count // query.page_size)
    beside = found.neighbours
    if beside is not None:
        following = None if beside.next is None else _page_url(PARAMETER, beside.next)
        preceding = None if beside.previous is None else _page_url(PARAMETER, beside.previous)
    else:
        following = _page_url("page", query.page + 1) if query.page < last else None
        preceding = _page_url("page", min(query.page - 1, last)) if query.page > 1 and last else None
    return {"count": found.count, "next": following, "previous": preceding, "results": found.results}


def with_query(url: str, **changed: str) -> str:
    """The URL with the query of the request, but these values of parameters instead of those that it has."""
    return _with_query(url, [*changed], changed)


def _page_url(parameter: str, value: int | str) -> str:
    scope = current_scope()
    return _with_query(f"{base_url(scope)}{scope['path']}", ("page", PARAMETER), {parameter: value})


def _with_query(url: str, without: Collection[str], added: Mapping[str, int | str]) -> str:
    scope = current_scope()
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(key, one) for key, one in given if key not in without]
    query = urlencode([*kept, *added.items()])
    return f"{url}?{query}" if query else url
