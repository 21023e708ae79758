"""The ``fsspec`` broker: a workspace on whatever fsspec opens, such as SFTP."""
