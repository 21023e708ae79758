"""``scale user`` and ``scale token``."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fakes.access import PASSWORD
from scale_core.cli.main import scale
from scale_core.db.database import Database
from scale_core.domain.access import Caller
from scale_core.plugin.registry import Registry
from scale_core.services.admission import Admission, Shown
from scale_core.services.audit import AuditService
from scale_core.services.context import Context
from scale_core.services.credentials import Passwords
from scale_core.services.exceptions import Unauthenticated
from scale_core.services.serialization import SerializerContext
from scale_core.services.sessions import SessionService
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_generated.queries import ListAuditRecordsQuery


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run(tmp_path, "db upgrade").exit_code == 0
    return tmp_path


def run(folder: Path, command: str, stdin: str = "") -> Result:
    return CliRunner().invoke(scale, ["--data-dir", str(folder), *command.split()], input=stdin)


def context(folder: Path, registry: Registry) -> Context:
    settings = Settings(data_dir=folder, auth=True)
    return Context(Database(settings.url), registry, SpecLibrary.packaged(), settings)


def caller(opened: Context, token: str) -> Caller:
    return Admission(opened).admit("viewer", Shown(token=token))


def test_the_first_admin_can_sign_in(folder: Path, built_in_registry: Registry) -> None:
    added = run(folder, "user add ada --role admin", f"{PASSWORD}\n")
    assert (added.exit_code, added.stdout) == (0, "ada is admin.\n")
    assert run(folder, "user list").stdout == "ada  admin\n"
    opened = context(folder, built_in_registry)
    SessionService(opened, Passwords()).sign_in({"name": "ada", "password": PASSWORD}, "here")
    (record,) = AuditService(opened).list(ListAuditRecordsQuery(), SerializerContext("")).results
    assert (record["operation"], record["method"]) == ("scale user add", "command")
    assert record["user"]
    opened.database.close()


def test_a_token_is_printed_once_and_counts_until_it_is_revoked(folder: Path, built_in_registry: Registry) -> None:
    run(folder, "user add importer --role operator --no-password")
    token = run(folder, "token create importer --role viewer --title nightly").stdout.strip()
    listed = run(folder, "token list").stdout
    assert token[:10] in listed
    assert token not in listed
    opened = context(folder, built_in_registry)
    assert (caller(opened, token).name, caller(opened, token).role) == ("importer", "viewer")
    assert run(folder, "token revoke 1").exit_code == 0
    with pytest.raises(Unauthenticated):
        caller(opened, token)
    opened.database.close()


@pytest.mark.parametrize(
    ("command", "stdin", "code", "says"),
    [
        ("user add ada --role admin", "short\n", 1, "/password: has 5 characters"),
        ("user add no/slash --role admin", f"{PASSWORD}\n", 1, "/name"),
        ("user add ada --role owner", "", 2, "owner"),
        ("user edit nobody --role viewer", "", 2, "There is no user 'nobody'"),
        ("token create nobody", "", 2, "There is no user 'nobody'"),
        ("token revoke 7", "", 2, "There is no token 7"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, command: str, stdin: str, code: int, says: str) -> None:
    result = run(folder, command, stdin)
    assert result.exit_code == code
    assert says in result.stderr


def test_the_last_admin_stays_one(folder: Path) -> None:
    run(folder, "user add ada --role admin --no-password")
    refused = run(folder, "user edit ada --inactive")
    assert (refused.exit_code, "only active admin" in refused.stderr) == (2, True)
    run(folder, "user add bob --role admin --no-password")
    assert run(folder, "user edit ada --inactive").stdout == "ada is admin, and inactive.\n"


def test_an_import_is_in_the_audit_list(folder: Path, built_in_registry: Registry, tmp_path: Path) -> None:
    document = tmp_path / "configuration.json"
    document.write_text('{"version": "1.0", "errors": [{"name": "brought", "title": "Brought", "category": "DATA"}]}')
    result = run(folder, f"config import {document}")
    assert result.exit_code == 0, result.stderr
    opened = context(folder, built_in_registry)
    (record,) = AuditService(opened).list(ListAuditRecordsQuery(), SerializerContext("")).results
    assert (record["operation"], record["changes"][0]["object_type"]) == ("scale config import", "error")
    opened.database.close()
