"""The ``nfs`` broker: a workspace that is an export of an NFS server."""
