"""The services of AWS, a room each: its kinds, their facets and their controls, and nothing else."""
