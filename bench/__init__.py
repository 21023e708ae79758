"""Measures how fast Scale is, beside floors that are measured in the same run: ``make bench``.

Each scenario is a module with a function ``measure``; ``docs/performance.md`` says what they do and keeps the last
figures.
"""
