"""The scheduler: from the queue to placements, and what runs inside this process (Strike, ingest, clock)."""
