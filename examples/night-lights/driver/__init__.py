"""What demo.py is made of: starting Scale, setting it up, watching it work and checking what came out."""


class DemoFailure(Exception):
    """The demo did not come out as promised. The message says what, where and what would be right."""
