"""Elastic Load Balancing, classic: load balancers, and how their listeners speak TLS."""

from goldseam.clouds.aws.services.elb.load_balancer import LOAD_BALANCER, cross_zone, drained
from goldseam.clouds.aws.services.elb.tls import tls_modern

__all__ = ["LOAD_BALANCER", "cross_zone", "drained", "tls_modern"]
