"""Jobs that run shell scripts on a running Scale."""

from typing import Any

from fakes.running import RunningScale


class Shell:
    """Makes job types of scripts, and jobs of those."""

    def __init__(self, scale: RunningScale) -> None:
        self.scale = scale
        self._place = scale.data_dir.parent

    def job_type(self, name: str, script: str, **changes: Any) -> int:
        """A job type whose command is ``sh`` with the script and ``command_arguments``; its id. A field of the job
        interface is changed like one of the job type."""
        (self._place / f"{name}.sh").write_text(script)
        interface = {"version": "1.0", "command": "sh", "command_arguments": "", "input_data": [], "output_data": []}
        interface |= {field: changes.pop(field) for field in list(changes) if field in interface}
        interface["command_arguments"] = f"{self._place / name}.sh {interface['command_arguments']}"
        body = {"name": name, "version": "1.0", "interface": interface, "max_tries": 1, "cpus_required": 0.25}
        return int(self.scale.create("/job-types/", {**body, "mem_required": 16.0, **changes})["id"])

    def job(self, job_type_id: int, **data: Any) -> int:
        """A queued job; its id."""
        return int(self.scale.create("/queue/new-job/", {"job_type_id": job_type_id, "job_data": data})["id"])

    def run(self, name: str, script: str, **changes: Any) -> int:
        """A queued job of a new type; its id."""
        return self.job(self.job_type(name, script, **changes))

    def stdout(self, job_id: int) -> str:
        """What the last execution of a job has written so far."""
        execution = self.scale.get(f"/jobs/{job_id}/")["job_exes"][0]["id"]
        return self.scale.http.get(f"/job-executions/{execution}/logs/stdout/").text

    def await_stdout(self, job_id: int, text: str) -> None:
        """Wait until the last execution of a job has written ``text``."""
        self.scale.wait(lambda: text in self.stdout(job_id))
