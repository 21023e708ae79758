"""Who may do what: sessions, users, tokens, and the list of what was changed."""

from typing import Final, cast

from connexion.context import request

from scale_core.api.access import caller, session_cookie
from scale_core.api.cookies import forget_cookie, set_cookie
from scale_core.api.request import location, paged, urls
from scale_core.services.audit import AuditService
from scale_core.services.oidc import ATTEMPT_LIFE, OidcService
from scale_core.services.sessions import LIFE, SessionService
from scale_core.services.tokens import TokenService
from scale_core.services.users import UserService
from scale_generated import models, queries
from scale_generated.routes import Created, WithCookies

CALLBACK: Final = "/session/oidc/callback/"

ATTEMPT: Final = "scale_sign_in"
"""Cookie of a browser that is at the provider."""


class Session:
    """Operations on the session of who asks."""

    def __init__(self, sessions: SessionService, oidc: OidcService) -> None:
        self._sessions = sessions
        self._oidc = oidc

    def get_session(self) -> models.Session:
        """GET /session/."""
        return self._sessions.describe(caller(), session_cookie().value)

    def sign_in(self, body: models.SignIn) -> WithCookies[models.Session]:
        """POST /session/."""
        begun = self._sessions.sign_in(body, _address())
        cookie = set_cookie(request.url, session_cookie().name, begun.secret, int(LIFE.total_seconds()))
        return WithCookies(begun.session, [cookie])

    def change_password(self, body: models.PasswordChange) -> None:
        """POST /session/password/."""
        self._sessions.change_password(body, caller(), _address())

    def sign_out(self) -> WithCookies[None]:
        """DELETE /session/."""
        self._sessions.sign_out(caller())
        return WithCookies(None, [forget_cookie(request.url, session_cookie().name)])

    def get_sign_in_methods(self) -> models.SignInMethods:
        """GET /session/methods/."""
        return {"has_oidc": self._oidc.has_provider}

    def begin_external_sign_in(self) -> WithCookies[None]:
        """GET /session/oidc/."""
        asked = self._oidc.begin(location(CALLBACK))
        seconds = int(ATTEMPT_LIFE.total_seconds())
        return WithCookies(None, [set_cookie(request.url, ATTEMPT, asked.cookie, seconds)], asked.url)

    def finish_external_sign_in(self, query: queries.FinishExternalSignInQuery) -> WithCookies[None]:
        """GET /session/oidc/callback/."""
        begun = self._oidc.finish(location(CALLBACK), query, request.cookies.get(ATTEMPT, ""))
        cookie = set_cookie(request.url, session_cookie().name, begun.secret, int(LIFE.total_seconds()))
        return WithCookies(None, [cookie, forget_cookie(request.url, ATTEMPT)], location("/"))


def _address() -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""


class Users:
    """Operations on users."""

    def __init__(self, users: UserService) -> None:
        self._users = users

    def list_users(self, query: queries.ListUsersQuery) -> models.UserPage:
        """GET /users/."""
        return cast("models.UserPage", paged(query, self._users.list(query, urls())))

    def create_user(self, body: models.NewUser) -> Created[models.User]:
        """POST /users/."""
        user = self._users.create(body, urls())
        return Created(user, location(f"/users/{user['id']}/"))

    def get_user(self, user_id: int) -> models.User:
        """GET /users/{id}/."""
        return self._users.get(user_id, urls())

    def edit_user(self, user_id: int, body: models.UserEdit) -> models.User:
        """PATCH /users/{id}/."""
        return self._users.edit(user_id, body, urls())


class Tokens:
    """Operations on tokens."""

    def __init__(self, tokens: TokenService) -> None:
        self._tokens = tokens

    def list_tokens(self, query: queries.ListTokensQuery) -> models.TokenPage:
        """GET /tokens/."""
        return cast("models.TokenPage", paged(query, self._tokens.list(query, urls())))

    def create_token(self, body: models.NewToken) -> Created[models.CreatedToken]:
        """POST /tokens/."""
        token = self._tokens.create(body, urls())
        return Created(token, location(f"/tokens/{token['id']}/"))

    def get_token(self, token_id: int) -> models.Token:
        """GET /tokens/{id}/."""
        return self._tokens.get(token_id, urls())

    def edit_token(self, token_id: int, body: models.TokenEdit) -> models.Token:
        """PATCH /tokens/{id}/."""
        return self._tokens.edit(token_id, body, urls())


class Audit:
    """Operations on the audit list."""

    def __init__(self, audit: AuditService) -> None:
        self._audit = audit

    def list_audit_records(self, query: queries.ListAuditRecordsQuery) -> models.AuditPage:
        """GET /audit/."""
        return cast("models.AuditPage", paged(query, self._audit.list(query, urls())))
