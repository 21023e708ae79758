"""Scale's executor: one process on each agent, which runs all of Scale's tasks there."""
