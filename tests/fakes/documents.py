"""Bodies of requests that several tests send."""

from pathlib import Path
from typing import Any

import httpx


def workspace(name: str, root: Path) -> dict[str, Any]:
    """A workspace on a directory of this machine."""
    return {"name": name, "json_config": {"version": "1.0", "broker": {"type": "host", "host_path": str(root)}}}


def job_type(name: str = "copier", **changes: Any) -> dict[str, Any]:
    """A job type that takes a text file and makes one."""
    interface = {
        "version": "1.0",
        "command": "copy",
        "command_arguments": "${source} ${job_output_dir}",
        "input_data": [{"name": "source", "type": "file", "media_types": ["text/plain"]}],
        "output_data": [{"name": "copy", "type": "file", "media_type": "text/plain"}],
    }
    return {"name": name, "version": "1.0", "interface": interface, **changes}


def recipe_type(name: str = "twice", **changes: Any) -> dict[str, Any]:
    """A recipe that copies the copy."""
    used = {"name": "copier", "version": "1.0"}
    definition = {
        "version": "1.0",
        "input_data": [{"name": "text", "type": "file", "media_types": ["text/plain"]}],
        "jobs": [
            {
                "name": "first",
                "job_type": used,
                "recipe_inputs": [{"recipe_input": "text", "job_input": "source"}],
            },
            {
                "name": "second",
                "job_type": used,
                "dependencies": [{"name": "first", "connections": [{"output": "copy", "input": "source"}]}],
            },
        ],
    }
    return {"name": name, "version": "1.0", "definition": definition, **changes}


def strike(name: str, directory: Path, workspace_name: str) -> dict[str, Any]:
    """A Strike that takes text files."""
    rule = {"filename_regex": r".*\.txt", "data_types": ["t"], "workspace_path": "in", "workspace_name": workspace_name}
    configuration = {
        "version": "1.0",
        "mount": str(directory),
        "transfer_suffix": "_tmp",
        "files_to_ingest": [rule],
    }
    return {"name": name, "configuration": configuration}


def ingest_rule(workspace_name: str, input_name: str = "source", **condition: Any) -> dict[str, Any]:
    """A trigger rule on ingests."""
    return {
        "type": "INGEST",
        "configuration": {
            "version": "1.0",
            "condition": condition,
            "data": {"input_data_name": input_name, "workspace_name": workspace_name},
        },
    }


def created(response: httpx.Response) -> dict[str, Any]:
    """The body of a 201 whose Location leads to the same."""
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    assert response.headers["location"].endswith(f"/{body['id']}/")
    return body


def pointers(response: httpx.Response, status: int = 400) -> list[str]:
    """Where the problems of an error response are."""
    assert response.status_code == status, response.text
    return [error["pointer"] for error in response.json().get("errors", [])]
