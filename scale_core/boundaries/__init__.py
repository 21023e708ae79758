"""Where countries are. The data is in the public domain (Natural Earth); ``tools/make-countries`` makes it."""
