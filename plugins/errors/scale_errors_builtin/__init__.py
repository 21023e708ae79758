"""The builtin errors, and how failures of executions become errors (reference: Errors Interface; endpoints: settled
21 and 25)."""
