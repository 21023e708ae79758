"""Signing in with an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0; RFC 7636)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from sqlalchemy import select

from scale_core.db.models import User
from scale_core.services.context import Context
from scale_core.services.credentials import new_secret
from scale_core.services.exceptions import Conflict, Forbidden, NotFound, Unauthenticated, invalid
from scale_core.services.records import change
from scale_core.services.sessions import Begun, SessionService
from scale_core.settings import Settings, SettingsError
from scale_generated.enums import Role
from scale_generated.queries import FinishExternalSignInQuery

if TYPE_CHECKING:
    from scale_core.services.oidc_provider import OidcProvider

ATTEMPT_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the browser goes to sign in, and what it keeps meanwhile: state, nonce and code verifier."""

    url: str
    cookie: str


class OidcService:
    """Has a provider say who somebody is, and what they may do.

    :raises SettingsError: the settings are not complete, or name a role that there is not.
    """

    def __init__(self, context: Context, sessions: SessionService) -> None:
        self._context = context
        self._sessions = sessions
        self._settings = context.settings
        self._roles = roles_by_value(context.settings)

    @property
    def has_provider(self) -> bool:
        """Whether there is a provider."""
        return bool(self._settings.oidc_issuer)

    def begin(self, redirect_uri: str) -> Asked:
        """Where to send the browser.

        :param redirect_uri: where the provider sends it back to.
        :raises NotFound: there is no provider.
        :raises Unavailable: it does not answer.
        """
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        endpoint = self._provider().authorization_endpoint()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoint else "?"
        return Asked(f"{endpoint}{joint}{urlencode(asked)}", f"{state}.{nonce}.{verifier}")

    def finish(self, redirect_uri: str, query: FinishExternalSignInQuery, cookie: str) -> Begun:
        """Begin a session of the user that the provider knows; one that is new here is created.

        :param cookie: what :meth:`begin` gave the browser.
        :raises Unauthenticated: the provider, or what it says, does not prove who it is.
        :raises Forbidden: the provider gives the user no role here.
        """
        parts = cookie.split(".")
        if query.error is not None:
            raise Unauthenticated(f"The provider refused: {query.error_description or query.error}. Sign in again.")
        if len(parts) != 3 or not hmac.compare_digest(parts[0].encode(), (query.state or "").encode()):
            raise Unauthenticated("This sign-in was not begun in this browser, or too long ago: sign in again.")
        if query.code is None:
            raise invalid("code", "The provider has to send a code.")
        _state, nonce, verifier = parts
        claims = self._provider().claims(query.code, verifier, redirect_uri, nonce)
        return self._sessions.begin(self._user_id(claims))

    def _user_id(self, claims: Mapping[str, Any]) -> int:
        role = self._role(claims)
        subject = f"{self._settings.oidc_issuer} {claims['sub']}"
        name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:100]
        now = self._context.now()
        with self._context.database.write() as session:
            user = session.scalars(select(User).where(User.subject == subject)).one_or_none()
            if user is None:
                if session.scalar(select(User.id).where(User.name == name)) is not None:
                    raise Conflict(f"There is a user {name!r} here whom the provider does not know: ask an admin.")
                user = User(name=name, role=role, subject=subject, created=now, last_modified=now)
                user.title = claims.get("name")
                session.add(user)
            change(user, {"role": role.value}, now)
            session.flush()
            return user.id

    def _role(self, claims: Mapping[str, Any]) -> Role:
        """The highest role that a value of the claim stands for.

        :raises Forbidden: none does.
        """
        given = claims.get(self._settings.oidc_claim, [])
        values = [given] if isinstance(given, str) else given
        found = [self._roles[one] for one in values if isinstance(one, str) and one in self._roles]
        if not found:
            raise Forbidden(
                f"The provider gives {claims['sub']} no role here: {self._settings.oidc_claim} has to be one of "
                f"{', '.join(self._roles)}."
            )
        return max(found, key=list(Role).index)

    def _provider(self) -> "OidcProvider":
        if not self.has_provider:
            raise NotFound("setting", "oidc_issuer")
        # Imported where there is a provider: cryptography takes 10 MiB, and most installations have none.
        from scale_core.services.oidc_provider import OidcProvider

        return OidcProvider(self._settings, self._context.now)


def roles_by_value(settings: Settings) -> Mapping[str, Role]:
    """The roles, by the values of the claim that stand for them.

    :raises SettingsError: the settings are not complete, or name a role that there is not.
    """
    if settings.oidc_issuer and not settings.oidc_client_id:
        raise SettingsError("oidc_client_id: the provider has to know Scale by a name; register one there.")
    values = {role.value: role.value for role in Role}
    for pair in filter(None, settings.oidc_roles.split(",")):
        role, _, value = (part.strip() for part in pair.partition("="))
        if role not in values or not value:
            raise SettingsError(f"oidc_roles: {pair!r} is not ROLE=VALUE with a role out of {', '.join(Role)}.")
        values[role] = value
    return {value: Role(role) for role, value in values.items()}
