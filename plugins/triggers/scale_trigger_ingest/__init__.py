"""The ``INGEST`` trigger: a source file was ingested (reference: Ingest Triggers)."""
