"""Elastic Load Balancing, version 2: load balancers and their listeners."""

from goldseam.clouds.aws.services.elbv2.listener import LISTENER
from goldseam.clouds.aws.services.elbv2.load_balancer import LOAD_BALANCER

__all__ = ["LISTENER", "LOAD_BALANCER"]
