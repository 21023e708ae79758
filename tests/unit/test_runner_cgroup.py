"""Memory cgroups of both versions, on a file system that stands for the kernel's."""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scale_core.runner import cgroup
from scale_core.runner.cgroup import GroupFolder

MIB = 1 << 20
FILES = {
    "memory.limit_in_bytes": "",
    "memory.memsw.limit_in_bytes": "",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
    "memory.max": "max",
    "memory.swap.max": "max",
    "memory.events": "low 0\noom 0\noom_kill 0\n",
    "cgroup.procs": "",
    "cgroup.controllers": "cpu memory",
    "cgroup.subtree_control": "",
}


class Kernel:
    """Makes the files of each group that is made, and removes them with it."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.proc, self.groups = root / "proc", root / "groups"
        (self.proc / "self").mkdir(parents=True)
        (self.proc / "self/statm").write_text("100 2048 10 1 0 50 0")
        patch.setattr(cgroup, "PROC", self.proc)
        mkdir, rmdir = Path.mkdir, Path.rmdir

        def make(path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
            is_new = not path.exists()
            mkdir(path, mode, parents, exist_ok)
            if is_new and path.is_relative_to(self.groups):
                self.fill(path)

        def remove(path: Path) -> None:
            if path.is_relative_to(self.groups):
                for name in FILES:
                    (path / name).unlink(missing_ok=True)
            rmdir(path)

        patch.setattr(Path, "mkdir", make)
        patch.setattr(Path, "rmdir", remove)

    @staticmethod
    def fill(path: Path) -> None:
        for name, content in FILES.items():
            (path / name).write_text(content)

    def mount(self, group: str, kind: str, options: str, line: str) -> Path:
        """Have this process be in ``group`` of a hierarchy; its folder. ``line`` begins its line in ``cgroup``."""
        (self.proc / "self/cgroup").write_text(f"1:cpu:/\n{line}:{group}\n")
        mounts = (
            "21 1 0:1 / / rw - ext4 /dev/vda rw",
            f"35 24 0:30 / {self.groups} rw shared:9 - {kind} x rw,{options}",
        )
        (self.proc / "self/mountinfo").write_text("\n".join(mounts))
        own = self.groups / group.strip("/")
        own.mkdir(parents=True)
        return own


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path, monkeypatch)


def made(executions: Path) -> GroupFolder:
    groups = GroupFolder.make(executions)
    assert groups is not None
    return groups


def read(folder: Path) -> Callable[[str], str]:
    return lambda name: (folder / name).read_text()


def test_the_first_version_bounds_memory_with_swap(kernel: Kernel, tmp_path: Path) -> None:
    own = kernel.mount("/service", "cgroup", "memory", "4:memory")
    groups = made(tmp_path / "executions")
    (folder,) = own.glob("scale-*")
    group = groups.group(17)
    group.enter()
    value = read(folder / "17")
    assert value("cgroup.procs") == str(os.getpid())
    page = os.sysconf("SC_PAGE_SIZE")
    for limit in (64 * MIB, 16 * MIB, 128 * MIB):
        group.set_limit(limit)
        assert int(value("memory.limit_in_bytes")) == limit + 2048 * page + cgroup.OWN_MEMORY
        assert value("memory.memsw.limit_in_bytes") == value("memory.limit_in_bytes")
    group.set_limit(0)
    assert value("memory.limit_in_bytes") == value("memory.memsw.limit_in_bytes") == "-1"
    assert group.kills() == groups.kills(17) == 0
    (folder / "17" / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 12\n")
    assert group.kills() == groups.kills(17) == 12
    groups.remove_group(17)
    groups.remove()
    assert not folder.exists()


def test_the_second_version_makes_room_for_groups_and_allows_no_swap(kernel: Kernel, tmp_path: Path) -> None:
    own = kernel.mount("/service", "cgroup2", "nsdelegate", "0:")
    (own / "cgroup.procs").write_text(f"{os.getppid()}\n{os.getpid()}\n")
    groups = made(tmp_path / "executions")
    assert (own / "cgroup.subtree_control").read_text() == "+memory"
    assert (own / "scale" / "cgroup.procs").read_text() in (str(os.getpid()), str(os.getppid()))
    (folder,) = own.glob("scale-*")
    assert (folder / "cgroup.subtree_control").read_text() == "+memory"
    group = groups.group(17)
    group.enter()
    value = read(folder / "17")
    group.set_limit(64 * MIB)
    assert int(value("memory.max")) > 64 * MIB
    assert value("memory.swap.max") == "0"
    group.set_limit(0)
    assert value("memory.max") == value("memory.swap.max") == "max"
    (folder / "17" / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    assert group.kills() == 2


def test_an_agent_that_is_started_again_finds_its_way_back(kernel: Kernel, tmp_path: Path) -> None:
    own = kernel.mount("/service/scale", "cgroup2", "nsdelegate", "0:")
    parent = own.parent
    kernel.fill(parent)
    (parent / "cgroup.subtree_control").write_text("memory")
    stale = made(tmp_path / "executions").group(3)
    stale.enter()
    (folder,) = parent.glob("scale-*")
    (folder / "3" / "cgroup.procs").write_text("")
    made(tmp_path / "executions")
    assert list(folder.glob("[0-9]*")) == []


def test_processes_of_others_are_left_where_they_are(kernel: Kernel, tmp_path: Path) -> None:
    own = kernel.mount("/session", "cgroup2", "rw", "0:")
    (own / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
    assert GroupFolder.make(tmp_path / "executions") is None
    assert (own / "cgroup.subtree_control").read_text() == ""


def test_without_cgroups_there_are_none(kernel: Kernel, tmp_path: Path) -> None:
    (kernel.proc / "self/cgroup").write_text("0::/\n")
    (kernel.proc / "self/mountinfo").write_text("21 1 0:1 / / rw - ext4 /dev/vda rw\n")
    assert GroupFolder.make(tmp_path / "executions") is None


def test_in_a_container_whose_cgroups_are_read_only_there_are_none_and_no_warning(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    kernel.mount("/container", "cgroup", "rw,memory", "2:memory")
    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(Path, "rmdir", refuse)
    with caplog.at_level(logging.INFO):
        assert GroupFolder.make(tmp_path / "executions") is None
    assert [one.levelname for one in caplog.records] == ["INFO"]
