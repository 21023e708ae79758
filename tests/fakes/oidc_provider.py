"""An OpenID Connect provider on a port of this machine: oidc-provider-mock, and PKCE (RFC 7636), which it leaves out.

``python oidc_provider.py PORT``
"""

import base64
import hashlib
import sys
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Pkce:
    """What the provider has to remember of each code: the challenge that it was asked for with.

    :param request: Flask's, which stands for the one that is handled.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._challenges: dict[str, str] = {}

    def remember(self, response: Any) -> Any:
        """After each request: note the code that the browser is given."""
        code = parse_qs(urlsplit(response.headers.get("location", "")).query).get("code")
        asked = self._request.args
        if self._request.path == "/oauth2/authorize" and code and asked.get("code_challenge_method") == "S256":
            self._challenges[code[0]] = asked["code_challenge"]
        return response

    def check(self) -> Any:
        """Before each request: refuse to exchange a code for anybody but who has its verifier, and a second time."""
        if self._request.path != "/oauth2/token":
            return None
        verifier = self._request.form.get("code_verifier", "")
        hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if self._challenges.pop(self._request.form.get("code", ""), None) == hashed:
            return None
        return {"error": "invalid_grant", "error_description": "This is not the code's verifier"}, 400


def provider() -> Any:
    """The Flask application. Neither it nor Flask has types."""
    app = import_module("oidc_provider_mock").app(require_nonce=True)
    pkce = Pkce(import_module("flask").request)
    app.before_request(pkce.check)
    app.after_request(pkce.remember)
    return app


if __name__ == "__main__":
    provider().run(port=int(sys.argv[1]), threaded=True)
