"""The ``PARSE`` trigger: a source file was parsed (reference: Parse Triggers)."""
