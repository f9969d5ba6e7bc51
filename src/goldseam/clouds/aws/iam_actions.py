"""The IAM actions that an API operation is checked under.

Most operations are checked under their own name with the service's prefix; the table holds the others. Source:
Service Authorization Reference, "Actions, resources, and condition keys for AWS services", page of each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PREFIX: Final[Mapping[str, str]] = {
    "accessanalyzer": "access-analyzer",
    "apigatewayv2": "apigateway",
    "bedrock-agent": "bedrock",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}

_OTHERWISE: Final[Mapping[str, tuple[str, ...]]] = {
    "s3.ListBuckets": ("s3:ListAllMyBuckets",),
    "s3.GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3.PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3.DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3.GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3.PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3.DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3.HeadBucket": ("s3:ListBucket",),
    "s3.DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "s3.GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
    "s3.PutBucketNotificationConfiguration": ("s3:PutBucketNotification",),
    "s3.GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "s3.PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3.DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "s3.GetObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration",),
    "s3.GetBucketReplication": ("s3:GetReplicationConfiguration",),
    "s3.GetBucketCors": ("s3:GetBucketCORS",),
    "s3.ListBucketMetricsConfigurations": ("s3:GetMetricsConfiguration",),
    "s3.ListObjectVersions": ("s3:ListBucketVersions",),
    "s3control.GetPublicAccessBlock": ("s3:GetAccountPublicAccessBlock",),
    "s3control.PutPublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    "s3control.DeletePublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    "wafv2.GetWebACLForResource": (
        "wafv2:GetWebACLForResource",
        "wafv2:GetWebACL",
        "elasticloadbalancing:GetLoadBalancerWebACL",
    ),
}

_BY_METHOD: Final = frozenset(("apigateway", "apigatewayv2"))
_METHODS: Final[Mapping[str, str]] = {
    "Get": "GET",
    "Update": "PATCH",
    "Create": "POST",
    "Delete": "DELETE",
    "Put": "PUT",
}
"""API Gateway is checked under the HTTP method of the call (its Developer Guide, "Actions, resources, and condition
keys"), which the first word of the operation's name tells."""


def iam_actions(operation: str) -> tuple[str, ...]:
    """The actions for `service.Operation`, in IAM's names (`s3:PutBucketPolicy`)."""
    service, _, name = operation.partition(".")
    if service in _BY_METHOD:
        return tuple(f"apigateway:{method}" for word, method in _METHODS.items() if name.startswith(word))
    return _OTHERWISE.get(operation, (f"{_PREFIX.get(service, service)}:{name}",))
