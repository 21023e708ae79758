"""What Scale asks an OpenID Connect provider, and how it believes the answers (OpenID Connect Core 1.0; RFC 7519)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from scale_core.services.exceptions import Unauthenticated, Unavailable
from scale_core.settings import Settings

SECONDS: Final = 10.0
"""How long the provider may take to answer."""

LEEWAY_SECONDS: Final = 60
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key of the provider: never one that is made with what others know, and never none."""


class OidcProvider:
    """The provider that the settings name.

    :param now: the time that tokens are judged by.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now

    def authorization_endpoint(self) -> str:
        """Where it asks people who they are.

        :raises Unavailable: it does not answer, or not as it should.
        """
        with _client() as client:
            endpoint: str = self._metadata(client)["authorization_endpoint"]
            return endpoint

    def claims(self, code: str, verifier: str, redirect_uri: str, nonce: str) -> Mapping[str, Any]:
        """What the provider says of the user: its ID token, and what it tells besides.

        :param code: what it gave the browser for us.
        :param verifier: what proves that we asked for it (RFC 7636).
        :raises Unauthenticated: it refuses, or what it says proves nothing.
        :raises Unavailable: it does not answer, or not as it should.
        """
        with _client() as client:
            metadata = self._metadata(client)
            given = {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
                "client_id": self._settings.oidc_client_id,
            }
            secret = self._settings.oidc_client_secret
            auth = httpx.BasicAuth(self._settings.oidc_client_id, secret) if secret else None
            answer = _asked(client, "POST", metadata["token_endpoint"], data=given, auth=auth)
            claims = self._verified(str(answer.get("id_token", "")), _keys(client, metadata), nonce)
            if self._settings.oidc_claim in claims or "userinfo_endpoint" not in metadata:
                return claims
            headers = {"Authorization": f"Bearer {answer.get('access_token', '')}"}
            further = _asked(client, "GET", metadata["userinfo_endpoint"], headers=headers)
        if further.get("sub") != claims["sub"]:
            raise Unauthenticated("The provider tells of another user than the one who signed in.")
        return {**further, **claims}

    def _verified(self, id_token: str, keys: KeySet, nonce: str) -> Mapping[str, Any]:
        required = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": self._settings.oidc_client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
            required.validate(claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated(f"The provider's ID token proves nothing: {error}. Sign in again.") from error
        if claims.get("azp", self._settings.oidc_client_id) != self._settings.oidc_client_id:
            raise Unauthenticated("The provider's ID token is for another client than Scale.")
        return claims

    def _metadata(self, client: httpx.Client) -> Mapping[str, Any]:
        issuer = self._settings.oidc_issuer
        found = _asked(client, "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise Unavailable(f"The provider at {issuer} calls itself {found.get('issuer')!r}: mend oidc_issuer.")
        return found


def _client() -> httpx.Client:
    return httpx.Client(timeout=SECONDS)


def _keys(client: httpx.Client, metadata: Mapping[str, Any]) -> KeySet:
    """The provider's keys.

    :raises Unavailable: it gives none that can be read.
    """
    # Any, for it comes from outside: joserfc asks for the type of a key set, and finds out whether it is one.
    document: Any = _asked(client, "GET", metadata["jwks_uri"])
    try:
        return KeySet.import_key_set(document)
    except (JoseError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable(f"The keys of the provider at {metadata['jwks_uri']} cannot be read: {error!r}.") from error


def _asked(client: httpx.Client, method: str, url: str, **options: Any) -> dict[str, Any]:
    """The JSON that the provider answers.

    :raises Unauthenticated: it refuses what it is shown.
    :raises Unavailable: it does not answer, or not as it should.
    """
    try:
        response = client.request(method, url, **options)
        if 400 <= response.status_code < 500:
            raise Unauthenticated(f"The provider refused ({response.status_code} at {url}): sign in again.")
        response.raise_for_status()
        document = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"The OpenID Connect provider does not answer as it should at {url}: {error}") from error
    if not isinstance(document, dict):
        raise Unavailable(f"The OpenID Connect provider does not answer a JSON object at {url}.")
    return document
