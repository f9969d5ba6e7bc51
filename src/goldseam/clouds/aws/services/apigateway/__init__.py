"""API Gateway, REST: the APIs, the stages on which they are served, and the names that lead to them.

Permissions are HTTP methods on the path of what is changed.
"""

from goldseam.clouds.aws.services.apigateway.api import REST_API
from goldseam.clouds.aws.services.apigateway.domain_name import DOMAIN_NAME
from goldseam.clouds.aws.services.apigateway.stage import STAGE

__all__ = ["DOMAIN_NAME", "REST_API", "STAGE"]
