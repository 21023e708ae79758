"""Whether nothing was lost and nothing done twice: what the database and the disk say after a :mod:`fakes.pipeline`."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from fakes.pipeline import STEPS, Pipeline, expected_product
from scale_core.db.database import Database
from scale_core.db.models import TriggerEvent

LONG_RUNNING = ("scale-strike", "scale-clock")


class Accounts:
    """The books of a Scale that is not running.

    :param url: of its database.
    :param sent: content of each file that was transferred, by name.
    :param accepted: ids of the jobs that Scale said it had queued.
    """

    def __init__(self, url: str, pipeline: Pipeline, sent: Mapping[str, str], accepted: list[int]) -> None:
        self._url = url
        self._pipeline = pipeline
        self._sent = sent
        self._accepted = accepted

    def discrepancies(self) -> list[str]:
        """What is not as it should be; each is a sentence for people."""
        return [
            *self._of_files(),
            *self._of_jobs(),
            *self._of_recipes(),
            *self._of_products(),
            *self._of_events(),
            *self._of_commands(),
        ]

    def _rows(self, statement: str) -> list[Any]:
        with closing(Database(self._url)) as database, database.read() as session:
            return list(session.execute(text(statement)).mappings())

    def _descriptions(self, kind: str) -> list[Any]:
        with closing(Database(self._url)) as database, database.read() as session:
            return list(session.scalars(select(TriggerEvent.description).where(TriggerEvent.type == kind)))

    def _of_files(self) -> Iterator[str]:
        sources = self._rows("SELECT * FROM scale_file WHERE file_type = 'SOURCE'")
        yield from _differences("source files", Counter(row["file_name"] for row in sources), self._sent)
        ingests = self._rows("SELECT * FROM ingest")
        yield from _differences("ingests", Counter(row["file_name"] for row in ingests), self._sent)
        yield from (f"ingest {row['id']} is {row['status']}" for row in ingests if row["status"] != "INGESTED")
        for row in sources:
            yield from _content(self._pipeline.raw, row, self._sent[row["file_name"]])
        stored = [one for one in self._pipeline.raw.rglob("*") if one.is_file()]
        yield from _differences("stored files", Counter(one.name for one in stored), self._sent)
        yield from (f"{one} was left" for one in self._pipeline.incoming.rglob("*") if one.is_file())

    def _of_jobs(self) -> Iterator[str]:
        jobs = self._rows("SELECT job.*, name FROM job JOIN job_type ON job_type.id = job_type_id ORDER BY job.id")
        executions: dict[int, Counter[str]] = {row["id"]: Counter() for row in jobs}
        messages: dict[int, list[str]] = {row["id"]: [] for row in jobs}
        on_nodes: set[int] = set()
        for row in self._rows("SELECT job_id, status, message, node_id FROM job_exe"):
            executions[row["job_id"]][row["status"]] += 1
            if row["status"] == "RUNNING" and row["node_id"] is not None:
                on_nodes.add(row["job_id"])
            messages[row["job_id"]].append(row["message"])
        for row in jobs:
            tries = executions[row["id"]]
            if row["name"] in LONG_RUNNING and row["id"] in on_nodes:
                if row["status"] != "RUNNING" or tries["RUNNING"] != 1 or tries["QUEUED"]:
                    yield f"job {row['id']} of {row['name']} should go on on its node: {row['status']}, {tries}"
            elif row["name"] in LONG_RUNNING:
                if row["status"] != "QUEUED" or tries["QUEUED"] != 1 or tries["RUNNING"]:
                    yield f"job {row['id']} of {row['name']} should wait for the next start: {row['status']}, {tries}"
            elif row["status"] != "COMPLETED" or tries["COMPLETED"] != 1 or tries.keys() - {"COMPLETED", "FAILED"}:
                told = f"{dict(tries)}, {messages[row['id']]}"
                yield f"job {row['id']} of {row['name']} is {row['status']}; its executions: {told}"
            if row["num_exes"] != tries.total():
                yield f"job {row['id']} counts {row['num_exes']} executions and has {tries.total()}"
        names = Counter(row["name"] for row in jobs)
        yield from (f"{names[step]} jobs of {step}" for step in STEPS if names[step] != len(self._sent))
        if names["scale-ingest"] != len(self._sent):
            yield f"{names['scale-ingest']} ingest jobs"
        direct = {row["id"] for row in jobs if row["name"] == "direct"}
        yield from (f"job {one} was accepted and is gone" for one in self._accepted if one not in direct)

    def _of_recipes(self) -> Iterator[str]:
        recipes = self._rows("SELECT * FROM recipe")
        if len(recipes) != len(self._sent):
            yield f"{len(recipes)} recipes"
        yield from (f"recipe {row['id']} is not completed" for row in recipes if row["completed"] is None)
        places = self._rows("SELECT recipe_id, count(DISTINCT job_id) AS jobs FROM recipe_job GROUP BY recipe_id")
        yield from (f"recipe {row['recipe_id']} has {row['jobs']} jobs" for row in places if row["jobs"] != 3)

    def _of_products(self) -> Iterator[str]:
        products = self._rows(
            """SELECT product.*, name, source.file_name AS source, event.description AS event
               FROM scale_file AS product
               JOIN job ON job.id = product.job_id JOIN job_type ON job_type.id = job.job_type_id
               JOIN trigger_event AS event ON event.id = job.event_id
               LEFT JOIN file_ancestry ON descendant_id = product.id AND ancestor_id IN (
                 SELECT id FROM scale_file WHERE file_type = 'SOURCE')
               LEFT JOIN scale_file AS source ON source.id = ancestor_id
               WHERE product.file_type = 'PRODUCT'"""
        )
        jobs = self._rows("SELECT job.id FROM job JOIN job_type ON job_type.id = job_type_id WHERE NOT is_system")
        yield from _differences(
            "products of jobs", Counter(row["job_id"] for row in products), [row["id"] for row in jobs]
        )
        uuids = Counter(row["uuid"] for row in products if row["is_published"])
        yield from (f"uuid {uuid} is published {count} times" for uuid, count in uuids.items() if count != 1)
        for row in products:
            if not row["is_published"]:
                yield f"product {row['id']} is not published"
            source = "" if row["source"] is None else self._sent[row["source"]]
            yield from _content(self._pipeline.products, row, expected_product(row["name"], source))

    def _of_events(self) -> Iterator[str]:
        for kind in ("INGEST", "PARSE"):
            names = Counter(description["file_name"] for description in self._descriptions(kind))
            yield from _differences(f"{kind} events", names, self._sent)

    def _of_commands(self) -> Iterator[str]:
        if self._pipeline.overlaps.exists():
            yield f"these ran twice at once: {self._pipeline.overlaps.read_text().splitlines()}"


def _differences(what: str, found: Counter[Any], expected: Any) -> Iterator[str]:
    wanted = Counter(list(expected))
    if found != wanted:
        yield f"{what}: missing {dict(wanted - found)}, too many {dict(found - wanted)}"


def _content(root: Path, row: Any, expected: str) -> Iterator[str]:
    path = root / row["file_path"]
    content = path.read_bytes() if path.is_file() else None
    if content != expected.encode():
        yield f"file {row['id']}, {path}: {content!r} instead of {expected!r}"
    elif row["checksum"] != f"sha256:{hashlib.sha256(content).hexdigest()}" or row["file_size"] != len(content):
        yield f"file {row['id']}, {path}: its size or checksum is wrong"
