"""The uuids of source files."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from scale_core.services.source_files import source_uuid

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_it_is_the_version_5_uuid_of_workspace_and_path(workspace: str, path: str) -> None:
    assert source_uuid(workspace, path) == uuid.uuid5(uuid.NAMESPACE_URL, f"scale:source:{workspace}:{path}").hex
