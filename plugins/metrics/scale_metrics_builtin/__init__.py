"""The metrics that every installation has (reference: Metrics Services)."""
