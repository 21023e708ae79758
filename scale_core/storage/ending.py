"""The end of processes that work on storages: one that hangs in the kernel outlives its kill."""

import subprocess
import threading


def end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Kill a process, and wait so many seconds for its end; where that takes longer, it is taken note of when it
    comes, so that nothing is left of the process then."""
    process.kill()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name=f"end of {process.pid}", daemon=True).start()
