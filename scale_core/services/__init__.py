"""Use cases. Each public method of a service is one transaction."""
