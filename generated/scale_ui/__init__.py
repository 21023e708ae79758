"""The web interface, as `make ui` builds it from ``ui/``."""
