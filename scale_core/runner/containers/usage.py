"""What a container uses, as the Docker engine counts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

RESIDENT: Final = ("anon", "total_rss")
"""What resident memory is called, without cached files: in the second version of cgroups, and in the first."""


@dataclass(slots=True)
class ContainerUsage:
    """CPU seconds so far, and the largest resident memory that was seen, in KiB."""

    cpu_seconds: float = 0.0
    peak_kib: int = 0

    def take(self, stats: Mapping[str, Any]) -> None:
        """Take up what ``APIClient.stats`` says; of a container that has ended it says nothing."""
        cpu = stats.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0)
        self.cpu_seconds = max(self.cpu_seconds, cpu / 1e9)
        counted = stats.get("memory_stats", {}).get("stats", {})
        resident = next((counted[name] for name in RESIDENT if name in counted), 0)
        self.peak_kib = max(self.peak_kib, resident // 1024)
