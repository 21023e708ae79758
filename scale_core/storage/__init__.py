"""For brokers whose storage is a tree of folders that this machine sees: the work on it, done once (decision 0041)."""
