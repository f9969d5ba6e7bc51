"""Stages 1 to 3: read the cloud, hold resources against their controls, gather facts."""
