"""ECS: clusters, services and task definitions.

A task definition is never changed, only followed by a new revision, and a service goes on with the old one until it is
told otherwise: what is wrong in one is for a person to mend. The latest active revision of each family is looked at.
"""
