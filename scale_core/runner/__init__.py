"""What runs on a node: an execution plan becomes an execution report in three steps (pre, job, post).

Nothing here knows the database. The documents in and out are those of ``specs/execution-plan`` and
``specs/execution-report``, so that anyone can write an engine around it.
"""

from scale_core.runner.runner import Runner

__all__ = ["Runner"]
