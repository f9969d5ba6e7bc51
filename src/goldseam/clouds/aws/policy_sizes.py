"""How large a policy document can be: what is larger is not what AWS holds, and nothing is judged by it. Pure.

The quotas are counted when a policy is put. AWS then writes account numbers out as ARNs, which makes a document that
names accounts up to twice as long, and gives IAM's documents back as they were written; white space is not counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.model.errors import LimitExceeded
from goldseam.model.values import Json, canonical

_ROOM: Final = 2
"""How much longer a document may be than the quota, for what AWS writes out."""
_KB: Final = 1024
LARGEST: Final = 128 * _KB
"""For documents without a quota of their own: what the IAM API takes of any (IAM API Reference, CreatePolicy)."""

_QUOTAS: Final[Mapping[str, int]] = {
    # Amazon S3 User Guide, "Bucket policies and user policies"
    "s3.GetBucketPolicy": 20 * _KB,
    # Amazon SQS Developer Guide, "Amazon SQS policy quotas"
    "sqs.GetQueueAttributes": 8_192,
    # Amazon SNS Developer Guide, "Amazon SNS API permissions: Actions and resources reference", Policy quotas
    "sns.GetTopicAttributes": 30 * _KB,
    # AWS KMS Developer Guide, "Resource quotas"
    "kms.GetKeyPolicy": 32 * _KB,
    # AWS Lambda Developer Guide, "Lambda quotas"
    "lambda.GetPolicy": 20 * _KB,
    # Amazon ECR API Reference, "SetRepositoryPolicy"
    "ecr.GetRepositoryPolicy": 10_240,
    # Amazon EFS User Guide, "PutFileSystemPolicy"
    "efs.DescribeFileSystemPolicy": 20_000,
    # AWS Glue Developer Guide, "AWS Glue resource policies for access control"
    "glue.GetResourcePolicy": 10 * _KB,
    # AWS Secrets Manager API Reference, "PutResourcePolicy"
    "secretsmanager.GetResourcePolicy": 20_480,
    # Amazon OpenSearch Service API Reference, "AccessPoliciesStatus"
    "opensearch.DescribeDomain": 102_400,
    # Amazon S3 Glacier Developer Guide, "Set Vault Access Policy (PUT access-policy)"
    "glacier.GetVaultAccessPolicy": 20 * _KB,
}
"""The most bytes of the policy that an operation reads."""


def policy_json(text: str, operation: str = "") -> Json:
    """The policy in a text that the operation gave; raises LimitExceeded for one that the service cannot hold."""
    _refuse_larger(len("".join(text.split()).encode("utf-8", "surrogatepass")), operation)
    return json.loads(text)


def checked(document: Json, operation: str = "") -> Json:
    """A policy that was parsed already; raises LimitExceeded for one that the service cannot hold."""
    _refuse_larger(len(canonical(document)), operation)
    return document


def _refuse_larger(size: int, operation: str) -> None:
    most = _ROOM * _QUOTAS[operation] if operation in _QUOTAS else LARGEST
    if size > most:
        service = operation.partition(".")[0] or "iam"
        held = f"a policy of {service} can have at most {most:,}"
        raise LimitExceeded(f"the policy document has {size:,} bytes, and {held}", code="PolicyTooLarge")
