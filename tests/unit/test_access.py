"""Roles, secrets, and what the audit list keeps of values."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scale_core.addresses import is_loopback
from scale_core.domain.access import lower, may
from scale_core.services.credentials import Passwords, csrf_token, digest, is_csrf_token, new_secret
from scale_core.services.masking import MOST_BYTES, bounded, masked
from scale_generated.enums import Role


def test_a_role_includes_those_before_it() -> None:
    assert [[may(role, needed) for needed in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert lower(Role.ADMIN, Role.VIEWER) == lower(Role.VIEWER, Role.OPERATOR) == Role.VIEWER


def test_only_its_own_password_is_right_and_nobodys_never_is() -> None:
    passwords = Passwords()
    kept = passwords.hash("correct horse")
    assert "correct horse" not in kept
    assert kept != passwords.hash("correct horse")
    assert passwords.is_right("correct horse", kept)
    assert not passwords.is_right("battery staple", kept)
    assert not passwords.is_right("correct horse", None)


def test_secrets_are_long_and_what_is_kept_does_not_tell_them() -> None:
    one, other = new_secret(), new_secret()
    assert len(one) == 43
    assert one != other
    assert digest(one) == digest(one) != digest(other)
    assert one not in digest(one)


def test_the_csrf_token_is_that_of_the_session() -> None:
    assert is_csrf_token(csrf_token("a"), "a")
    for wrong in (None, "", "a", csrf_token("b"), "ü"):
        assert not is_csrf_token(wrong, "a")


@pytest.mark.parametrize("name", ["password", "db_password", "token", "api-key", "SECRET", "credentials", "access_key"])
def test_what_a_name_calls_a_secret_is_masked_however_deep(name: str) -> None:
    assert masked({"broker": [{name: "s3cret", "path": "/p"}]}) == {"broker": [{name: "***", "path": "/p"}]}


@pytest.mark.parametrize("name", ["token_id", "keyword", "secretary", "tokens_used"])
def test_what_only_sounds_like_a_secret_is_kept(name: str) -> None:
    assert masked({name: 1, "password": None}) == {name: 1, "password": None}


def test_times_and_bytes_become_text() -> None:
    values: dict[str, Any] = {"at": datetime(2026, 3, 4, tzinfo=UTC), "geometry": b"123"}
    assert masked(values) == {"at": "2026-03-04T00:00:00.000Z", "geometry": "(3 bytes)"}


def test_long_values_and_those_for_which_there_is_no_room_tell_their_size_only() -> None:
    kept = bounded({"short": "x", "long": "x" * MOST_BYTES}, 100_000)
    assert kept == {"short": "x", "long": f"({MOST_BYTES + 2} bytes, not kept)"}
    kept = bounded({"first": "x" * 50, "second": "y" * 50}, 80)
    assert kept == {"first": "x" * 50, "second": "(52 bytes, not kept)"}
    assert bounded(None, 10) is None


@pytest.mark.parametrize(
    ("host", "is_it"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("", False)],
)
def test_what_only_this_machine_reaches_is_loopback(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it
