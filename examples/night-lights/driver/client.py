"""Scale's REST interface, as far as the demo needs it."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx

from driver import DemoFailure

PAGE_SIZE = 1000
TIMEOUT_SECONDS = 30


class ScaleClient:
    """Sends requests to one Scale. Every method raises `DemoFailure` if the answer is no success."""

    def __init__(self, address: str, transport: httpx.BaseTransport | None = None) -> None:
        # Proxies of the environment are left aside: Scale runs on this machine.
        self._http = httpx.Client(base_url=address, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str | int) -> dict[str, Any]:
        """Return the JSON object at the path."""
        # No parameters, rather than an empty set of them: httpx would take the query off the path.
        return self._json(self._send("GET", path, params=parameters or None))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send the body as JSON and return the JSON object that is answered."""
        return self._json(self._send("POST", path, json=body))

    def records(self, path: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
        """Yield the results of a list, page by page."""
        page = self.get(path, page_size=PAGE_SIZE, **parameters)
        yield from page["results"]
        while page["next"] is not None:
            page = self.get(page["next"])
            yield from page["results"]

    def content(self, file_id: int) -> bytes:
        """Return the bytes of a file that Scale tracks."""
        return self._send("GET", f"/files/{file_id}/content/").content

    def is_up(self) -> bool:
        """Return whether Scale answers."""
        try:
            return self._http.get("/version/").is_success
        except httpx.TransportError:
            return False

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as problem:
            raise DemoFailure(f"{method} {path}: Scale does not answer: {problem}") from problem
        if not answer.is_success:
            raise DemoFailure(f"{method} {path} was answered {answer.status_code}: {answer.text.strip()}")
        return answer

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            document = answer.json()
        except ValueError as problem:
            raise DemoFailure(f"{answer.request.url} did not answer JSON: {answer.text[:200]!r}") from problem
        if not isinstance(document, dict):
            raise DemoFailure(f"{answer.request.url} should answer a JSON object, but did {type(document).__name__}")
        return document
