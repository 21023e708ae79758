"""The rules of the field, pure: no database, no file system, no clock. Values in, values and problems out."""
