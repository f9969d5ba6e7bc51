"""ElastiCache: replication groups, and clusters that stand alone."""
