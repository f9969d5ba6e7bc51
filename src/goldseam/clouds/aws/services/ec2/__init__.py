"""EC2: security groups, volumes and their snapshots, and what facts look at to tell who uses them."""
