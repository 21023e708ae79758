"""Figures as a table for people, as JSON, and as the part of docs/performance.md that is generated."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import BenchFailure, Figure, Section

COLUMNS = ("figure", "unit", "median", "min", "max", "floor", "ratio", "target", "aim", "result")


def text_of(section: Section) -> str:
    """A section for a terminal."""
    lines = [section.title, *_aligned([COLUMNS, *map(row, section.rows)])]
    return "\n".join([*lines, *(f"  {note}" for note in section.notes), ""])


def summary(sections: Iterable[Section]) -> Section:
    """All figures that have a goal, without the details."""
    return Section("Summary", [one for section in sections for one in section.figures if one.goal is not None])


def row(figure: Figure) -> tuple[str, ...]:
    """A figure as cells, in the order of :data:`COLUMNS`."""
    goal = figure.goal
    sense = "" if goal is None else f"{'≥' if goal.sense == 'at least' else '≤'} {goal.target:g}"
    if goal is not None and goal.of == "ratio":
        sense += " × floor"
    return (
        figure.name,
        figure.unit,
        number(figure.median),
        number(min(figure.values)),
        number(max(figure.values)),
        "" if figure.floor is None else number(figure.floor),
        "" if figure.ratio is None else number(figure.ratio),
        sense,
        "" if goal is None else f"{goal.aim:g}",
        figure.verdict,
    )


def number(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"


def json_of(sections: Iterable[Section], facts: Mapping[str, str]) -> str:
    """Everything, each sample included."""
    return json.dumps({"machine": dict(facts), "sections": [_document(one) for one in sections]}, indent=1) + "\n"


def _document(section: Section) -> dict[str, Any]:
    figures = [{**asdict(one), "median": one.median, "ratio": one.ratio, "result": one.verdict} for one in section.rows]
    return {"title": section.title, "figures": figures, "notes": section.notes}


def markdown_of(sections: Sequence[Section], facts: Mapping[str, str]) -> str:
    """The generated part of docs/performance.md, without its markers."""
    lines = ["| measured on | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    for section in [summary(sections), *sections]:
        lines += [f"### {section.title}", "", *_markdown_table([COLUMNS, *map(row, section.rows)]), ""]
        lines += [f"- {note}" for note in section.notes]
        lines += [""] if section.notes else []
    return "\n".join(lines)


def markers(database: str) -> tuple[str, str]:
    """The lines of docs/performance.md before and after the figures of a database, by its name."""
    arguments = f'"--database {database.lower()} --write-docs"'
    begin = f"<!-- The figures of {database} are written by `make bench ARGS={arguments}`. -->"
    return begin, f"<!-- End of the figures of {database}. -->"


def write_docs(page: Path, generated: str, database: str) -> None:
    """Replace what is between the markers of ``page`` for a database.

    :raises BenchFailure: it has no markers.
    """
    text = page.read_text(encoding="utf-8")
    first, last = markers(database)
    head, begin, rest = text.partition(first)
    _old, end, tail = rest.partition(last)
    if not begin or not end:
        raise BenchFailure(f"{page} has no part for the figures: the lines {first!r} and {last!r}.")
    page.write_text(f"{head}{first}\n\n{generated}\n{last}{tail}", encoding="utf-8")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in cells).rstrip()
        for cells in (enumerate(zip(one, widths, strict=True)) for one in rows)
    ]


def _markdown_table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *rest = (f"| {' | '.join(one)} |" for one in rows)
    return [head, f"|{' --- |' * 2}{' ---: |' * (len(COLUMNS) - 2)}", *rest]
