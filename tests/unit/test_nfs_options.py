"""What an installation says about NFS."""

from pathlib import Path
from typing import Any

import pytest

from scale_core.interfaces.options import OptionError
from scale_core.storage.mounts import Export
from scale_core.storage.nfs_options import NfsOptions


def test_numbers_and_mounts_may_be_text_as_in_variables() -> None:
    text = NfsOptions.of({"mounts": "host:/a=/mnt/a, host:/b=/mnt/b", "timeout": "2.5", "transfers": "2", "port": "20"})
    table = NfsOptions.of(
        {"mounts": {"host:/a": "/mnt/a", "host:/b": "/mnt/b"}, "timeout": 2.5, "transfers": 2, "port": 20}
    )
    assert text == table
    export = Export.parse("host:/b")
    assert export is not None
    assert text.mounts[export] == Path("/mnt/b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mounts", "host=/mnt"),
        ("mounts", "host:/a"),
        ("mounts", {"host:/a": "relative"}),
        ("mounts", {"host:/a": "/up/../there"}),
        ("mounts", 1),
        ("kernel", "on"),
        ("client", True),
        ("mount_folder", "relative"),
        ("timeout", 0),
        ("timeout", "nan"),
        ("timeout", "soon"),
        ("transfers", 0),
        ("transfers", True),
        ("port", "65536"),
        ("ports", 1),
    ],
)
def test_a_wrong_option_is_named_with_what_would_be_right(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=rf"'{name}'.*(must be|there are)"):
        NfsOptions.of({name: value})
