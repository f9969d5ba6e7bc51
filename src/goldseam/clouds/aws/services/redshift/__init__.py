"""Redshift: clusters and their parameter groups."""
