"""Scan: looks through files that exist, and ingests them once."""
