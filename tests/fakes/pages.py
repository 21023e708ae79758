"""Every page of the web interface."""

from collections.abc import Mapping
from typing import Final

PAGES: Final[Mapping[str, str]] = {
    "dashboard": "",
    "jobs": "jobs",
    "job": "jobs/{job}",
    "recipes": "recipes",
    "recipe": "recipes/{recipe}",
    "ingests": "ingests",
    "ingest": "ingests/{ingest}",
    "sources": "sources",
    "source": "sources/{source}",
    "map": "map",
    "products": "products",
    "product": "products/{product}",
    "job-types": "job-types",
    "job-type": "job-types/{job_type}",
    "recipe-types": "recipe-types",
    "recipe-type": "recipe-types/{recipe_type}",
    "strikes": "strikes",
    "strike": "strikes/{strike}",
    "scans": "scans",
    "scan": "scans/{scan}",
    "errors": "errors",
    "error": "errors/{error}",
    "trigger-rules": "trigger-rules",
    "trigger-rule": "trigger-rules/{trigger_rule}",
    "workspaces": "workspaces",
    "workspace": "workspaces/{workspace}",
    "nodes": "nodes",
    "node": "nodes/{node}",
    "system": "system",
    "metrics": "metrics?metric=job-types&column=completed_count,run_time_avg",
    "configuration": "configuration",
}
"""The path of each page below that of the interface; what is in braces is known once something has been processed."""
