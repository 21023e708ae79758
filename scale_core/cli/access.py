"""The ``scale user`` and ``scale token`` commands: the first admin, and those for scripts.

A password is asked for, or read from standard input; a token is printed once. Neither is an argument, which other users
of the machine could see.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import click

from scale_core.cli.application import Application, pass_application
from scale_core.cli.recording import recorded_command
from scale_core.db import schema
from scale_core.services.context import Context
from scale_core.services.credentials import Passwords
from scale_core.services.findings import Findings
from scale_core.services.request_bodies import validator_of
from scale_core.services.serialization import SerializerContext
from scale_core.services.tokens import TokenService
from scale_core.services.users import UserService
from scale_generated._runtime import timestamp
from scale_generated.enums import Role
from scale_generated.queries import ListTokensQuery, ListUsersQuery

NO_URLS: Final = SerializerContext("")
ALL: Final = 1000
"""So many are listed at most; the API has all."""

ROLE = click.option("--role", type=click.Choice([role.value for role in Role]), help="What the user may do.")
TITLE = click.option("--title", help="A name to display.")


@click.group()
def user() -> None:
    """Look after users: who may use this system, and as what."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What the user may do.")
@TITLE
@click.option("--no-password", is_flag=True, help="A user who does not sign in, but has tokens.")
@pass_application
def add_user(application: Application, name: str, role: str, title: str | None, no_password: bool) -> None:
    """Create the user NAME. The password is asked for, or is the first line of standard input.

    \b
    Example:
      scale user add ada --role admin
    """
    body: Any = _given({"name": name, "role": role, "title": title})
    if not no_password:
        body["password"] = _password()
    with _changing(application, "scale user add", "NewUser", body) as context:
        UserService(context, Passwords()).create(body, NO_URLS)
    click.echo(f"{name} is {role}.")


@user.command("edit")
@click.argument("name")
@ROLE
@TITLE
@click.option("--active/--inactive", "is_active", default=None, help="Whether the user may do anything.")
@click.option("--password", is_flag=True, help="Set another password: it is asked for, or read from standard input.")
@pass_application
def edit_user(
    application: Application, name: str, role: str | None, title: str | None, is_active: bool | None, password: bool
) -> None:
    """Change the user NAME."""
    body: Any = _given({"role": role, "title": title, "is_active": is_active})
    if password:
        body["password"] = _password()
    with _changing(application, "scale user edit", "UserEdit", body) as context:
        users = UserService(context, Passwords())
        edited = users.edit(users.id_of(name), body, NO_URLS)
    click.echo(f"{name} is {edited['role']}{'' if edited['is_active'] else ', and inactive'}.")


@user.command("list")
@pass_application
def list_users(application: Application) -> None:
    """List the users."""
    with _opened(application) as context:
        found = UserService(context, Passwords()).list(ListUsersQuery(page_size=ALL, order=("name",)), NO_URLS)
    for one in found.results:
        click.echo(f"{one['name']}  {one['role']}{'' if one['is_active'] else '  inactive'}")


@click.group()
def token() -> None:
    """Look after tokens: what programs show to be known as a user."""


@token.command("create")
@click.argument("name")
@ROLE
@TITLE
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it counts.")
@pass_application
def create_token(application: Application, name: str, role: str | None, title: str | None, days: int) -> None:
    """Create a token of the user NAME and print it, once.

    \b
    Example:
      scale token create importer --title "nightly import" > token
    """
    with _opened(application) as context:
        user_id = UserService(context, Passwords()).id_of(name)
        expires = timestamp(context.now() + timedelta(days=days))
        body: Any = _given({"user_id": user_id, "role": role, "title": title, "expires": expires})
    with _changing(application, "scale token create", "NewToken", body) as context:
        created = TokenService(context).create(body, NO_URLS)
    click.echo(created["token"])


@token.command("list")
@pass_application
def list_tokens(application: Application) -> None:
    """List the tokens: their ids, whose they are, how they begin and when they expire."""
    with _opened(application) as context:
        found = TokenService(context).list(ListTokensQuery(page_size=ALL), NO_URLS)
    for one in found.results:
        state = f"expires {one['expires']}" if one["is_active"] else f"revoked {one['revoked']}"
        click.echo(f"{one['id']}  {one['user']['name']}  {one['role']}  {one['hint']}…  {state}  {one['title'] or ''}")


@token.command("revoke")
@click.argument("token_id", type=int)
@pass_application
def revoke_token(application: Application, token_id: int) -> None:
    """Have the token with this id count for nothing from now on."""
    body: Any = {"is_active": False}
    with _changing(application, "scale token revoke", "TokenEdit", body) as context:
        TokenService(context).edit(token_id, body, NO_URLS)
    click.echo(f"The token {token_id} is revoked.")


def _password() -> str:
    if sys.stdin.isatty():
        entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return entered
    return sys.stdin.readline().rstrip("\r\n")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@contextmanager
def _opened(application: Application) -> Iterator[Context]:
    with application.opened() as context:
        schema.require_current(context.database)
        yield context


@contextmanager
def _changing(application: Application, command: str, body_schema: str, body: Mapping[str, Any]) -> Iterator[Context]:
    """A context whose changes are recorded under the name of the account that runs the command.

    :raises Invalid: the body does not fulfil its schema.
    """
    findings = Findings()
    findings.valid(validator_of(body_schema), body, "")
    findings.refuse()
    with _opened(application) as context, recorded_command(context, command, command.split()[1], body):
        yield context
