"""Stand-ins for what tests do not need for real."""
