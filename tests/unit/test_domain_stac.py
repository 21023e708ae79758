"""Ids, times and checksums as STAC has them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.stac import (
    CollectionKey,
    CollectionKind,
    moment_text,
    multihash,
    read_collection_id,
    read_id,
    read_interval,
)
from scale_core.domain.times import OpenRange

NEW_YEAR = datetime(2015, 1, 1, tzinfo=UTC)


@given(st.builds(CollectionKey, st.sampled_from(CollectionKind), st.integers(1, 2**63 - 1)))
def test_the_id_of_a_collection_leads_back_to_it(key: CollectionKey) -> None:
    assert read_collection_id(str(key)) == key


@pytest.mark.parametrize(
    "text", ["", "strike", "strike-", "strike-x", "strike-01", "strike-0", "job-1", "-1", "strike--1"]
)
def test_what_no_collection_is_called_is_none(text: str) -> None:
    assert read_collection_id(text) is None


@pytest.mark.parametrize("text", ["", "0", "007", "1.0", "-1", "٣", "9223372036854775808", "1" * 5000])
def test_what_is_no_id_of_an_item_is_none(text: str) -> None:
    assert read_id(text) is None


@pytest.mark.parametrize(
    ("text", "started", "ended"),
    [
        ("2015-01-01T00:00:00Z", NEW_YEAR, NEW_YEAR),
        ("2015-01-01t01:00:00.000+01:00", NEW_YEAR, NEW_YEAR),
        ("2015-01-01T00:00:00Z/2015-01-02T00:00:00z", NEW_YEAR, NEW_YEAR + timedelta(days=1)),
        ("2015-01-01T00:00:00Z/..", NEW_YEAR, None),
        ("2015-01-01T00:00:00Z/", NEW_YEAR, None),
        ("../2015-01-01T00:00:00Z", None, NEW_YEAR),
        ("/2015-01-01T00:00:00Z", None, NEW_YEAR),
        (
            "2015-01-01T00:00:00.1234567Z",
            NEW_YEAR + timedelta(microseconds=123_456),
            NEW_YEAR + timedelta(microseconds=123_456),
        ),
    ],
)
def test_a_time_is_a_moment_or_a_span_that_may_be_open(
    text: str, started: datetime | None, ended: datetime | None
) -> None:
    assert read_interval(text) == OpenRange(started, ended)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is no time"),
        ("/", "has no bound"),
        ("../..", "has no bound"),
        ("2015-01-01", "'2015-01-01' is no time as RFC 3339 has it"),
        ("2015-01-01T00:00:00", "is no time"),
        ("2015-01-01T00:00:00,5Z", "is no time"),
        ("2015-01-01T00:00:00+0100", "is no time"),
        ("2015-13-01T00:00:00Z", "is on no calendar"),
        ("0000-01-01T00:00:00Z", "is on no calendar"),
        ("0001-01-01T00:00:00+14:00", "is on no calendar"),
        ("2015-01-02T00:00:00Z/2015-01-01T00:00:00Z", "2015-01-02T00:00:00Z lies after 2015-01-01T00:00:00Z"),
        ("2015-01-01T00:00:00Z/2015-01-02T00:00:00Z/..", "is no time"),
    ],
)
def test_what_is_no_time_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read_interval(text)


@given(st.integers(-(10**15), 10**15))
def test_a_moment_that_is_shown_is_found_again(microseconds: int) -> None:
    moment = NEW_YEAR + timedelta(microseconds=microseconds)
    assert read_interval(moment_text(moment)) == OpenRange(moment, moment)


def test_a_checksum_becomes_a_multihash() -> None:
    assert multihash("sha256:00ff") == "122000ff"
    assert multihash("md5:00ff") is None
    assert multihash(None) is None
