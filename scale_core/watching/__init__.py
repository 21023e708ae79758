"""Watching directories that files are transferred into, and buckets, on whatever machine gets at them; knows no
database (reference: Strike). How a node asks Scale is here too."""
