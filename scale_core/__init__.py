"""The core of Scale: domain, database, services, HTTP, command line. It imports no plugin."""

__version__ = "0.1.0"
