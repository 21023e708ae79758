"""The ``local`` engine: runs executions on this machine, as processes beside Scale."""
