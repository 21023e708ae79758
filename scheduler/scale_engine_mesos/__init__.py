"""The ``mesos`` engine: runs executions on a Mesos cluster, as a framework of it."""
