"""What runs on a node: an execution plan becomes an execution report in three steps (pre, job, post).

Nothing here knows the database. The documents in and out are those of ``specs/execution-plan`` and
``specs/execution-report``. Processes: the *agent* (:mod:`~scale_core.runner.agent`) has a *worker*
(:mod:`~scale_core.runner.worker`) for each execution that runs at one time, which is kept for the next;
:mod:`~scale_core.runner.client` is Scale's side of an agent, and ``scale node run`` does one plan without any.
"""
