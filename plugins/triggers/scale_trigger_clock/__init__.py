"""The ``CLOCK`` trigger and the builtin clock processors (reference: Clock Triggers)."""
