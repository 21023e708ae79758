"""A Mesos master and agents in this process, which speak the real wire format and are as strict as the real ones.

:class:`cluster.FakeCluster` is what tests use. What it does is recorded of Mesos 1.12 (``recorded``), or said in the
documentation of the scheduler HTTP API; ``tests/mesos/test_recordings.py`` holds it against the former.
"""
