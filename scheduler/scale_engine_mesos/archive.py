"""The archive with Scale's executor that agents fetch: all that it needs on a machine with nothing but Python."""

import importlib.util
import io
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Final

FOLDER: Final = "scale-mesos-executor"
GROUP: Final = "scale"
CORE: Final = ("scale_core", "scale_generated")
"""What is imported by no entry point's name."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NOT_NEEDED: Final = re.compile(r"(^|/)(__pycache__/|\.\./)|^\.\.|\.pth$|^(__editable__|_editable_impl)")


def write_archive(path: Path, python: Path) -> int:
    """Write a ``.tar.gz`` that holds a virtual environment, which runs wherever it is unpacked: Scale, its plugins and
    what they need, as they are installed here.

    :param python: where the nodes have an interpreter of this one's version.
    :return: how many files are in it.
    :raises OSError: it cannot be written.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    number = 0
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:
        _add_text(archive, f"{FOLDER}/pyvenv.cfg", f"home = {python.parent}\ninclude-system-site-packages = false\n")
        link = tarfile.TarInfo(f"{FOLDER}/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(python)
        archive.addfile(link)
        for name, file in sorted(dict(_files()).items()):
            archive.add(file, f"{FOLDER}/lib/{version}/site-packages/{name}", recursive=False)
            number += 1
    return number


def _files() -> Iterator[tuple[str, Path]]:
    """Files by their paths in ``site-packages``."""
    for one in _needed():
        for file in one.files or ():
            place = Path(str(file.locate()))
            if not NOT_NEEDED.search(file.as_posix()) and place.is_file():
                yield file.as_posix(), place
        if _is_in_place(one):
            for package in {*CORE, *(point.module.partition(".")[0] for point in one.entry_points)}:
                yield from _package(package)


def _needed() -> list[Distribution]:
    """What registers plugins, and all that it requires, as far as it is installed."""
    found: dict[str, Distribution] = {}
    waiting = [one for one in distributions() if one.entry_points.select(group=GROUP)]
    while waiting:
        one = waiting.pop()
        if one.name in found:
            continue
        found[one.name] = one
        for requirement in one.requires or ():
            match = NAME.match(requirement)
            # What extras bring is for machines that run Scale itself; other conditions are those of this machine.
            if match is not None and "extra ==" not in requirement:
                try:
                    waiting.append(distribution(match[0]))
                except PackageNotFoundError:
                    continue
    return list(found.values())


def _is_in_place(one: Distribution) -> bool:
    """Whether it was installed from a checkout that it is still imported from."""
    origin = one.read_text("direct_url.json")
    return origin is not None and bool(json.loads(origin).get("dir_info", {}).get("editable"))


def _package(name: str) -> Iterator[tuple[str, Path]]:
    spec = importlib.util.find_spec(name)
    for root in (spec.submodule_search_locations or ()) if spec is not None else ():
        for file in Path(root).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"{name}/{file.relative_to(root).as_posix()}", file


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    about = tarfile.TarInfo(name)
    about.size = len(content)
    archive.addfile(about, io.BytesIO(content))
