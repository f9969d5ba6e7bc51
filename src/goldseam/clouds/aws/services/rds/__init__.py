"""RDS: instances, clusters, their snapshots and their parameter groups."""
