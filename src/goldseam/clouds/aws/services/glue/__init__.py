"""Glue: the data catalog of a region, and the jobs and connections that work on it."""
