"""CloudFront: distributions, how they speak to viewers, and where they fetch from."""

from goldseam.clouds.aws.services.cloudfront.distribution import DISTRIBUTION

__all__ = ["DISTRIBUTION"]
