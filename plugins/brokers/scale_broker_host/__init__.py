"""The ``host`` broker: a workspace that is a folder of this machine, or a file system mounted on it."""
