"""Values of condition keys: whether they name somebody, or take in everyone. Yes, no, or not known. Pure.

A value names somebody when nobody else can have it: an account, an organization, a VPC endpoint, a bucket. A wildcard
or a policy variable in that part takes in everyone (S3 User Guide, "The meaning of public"), unless the variable
stands for the owner of the resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final, TypeAlias

Form: TypeAlias = Callable[[str], bool | None]

_WIDEST_V4: Final = 8
_WIDEST_V6: Final = 32
_HALF_OF_IPV4: Final = 2**31
_ARN_PARTS: Final = 6
_OWNER: Final = re.compile(r"\$\{(aws|s3):ResourceAccount}", re.IGNORECASE)
_OWN_ORGANIZATION: Final = re.compile(r"\$\{aws:ResourceOrgID}", re.IGNORECASE)
_OF_CALLER: Final = re.compile(
    r"\$\{(aws:(principal|source|userid|username|referer|useragent|requesttag|vpcsourceip)|saml:|sts:|s3:)",
    re.IGNORECASE,
)
_SOME_ACCOUNT: Final = "0" * 12
_SOME_ORGANIZATION: Final = "o-" + "0" * 10


def limits_to(form: str, values: Sequence[str]) -> bool | None:
    """Whether values of a form name somebody, each of them; False when one takes in everyone, or there is none."""
    judged, known = _FORMS.get(form, _never), bool(values)
    for value in values:
        found = judged(value) if "${" not in value else _judged(judged, value)
        if found is False:
            return False
        known = known and found is not None
    if not known:
        return None if values else False
    return form != "address" or not _covers_half(values)


def names_somebody(form: str, value: str) -> bool | None:
    """Whether one value of a form names somebody."""
    return _judged(_FORMS.get(form, _never), value)


def account_of(value: str) -> str:
    """The account that a value names, alone or in an ARN; empty when it names none."""
    if _account(value):
        return value
    parts = value.split(":", 5)
    return parts[4] if len(parts) == _ARN_PARTS and _account(parts[4]) else ""


def _judged(form: Form, value: str) -> bool | None:
    if "${" not in value:
        return form(value)
    told = _OWN_ORGANIZATION.sub(_SOME_ORGANIZATION, _OWNER.sub(_SOME_ACCOUNT, value))
    found = form(told)
    if found or "${" not in told or _OF_CALLER.search(told):
        return found
    return None


def _never(value: str) -> bool:
    del value
    return False


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_account: Final = _like(r"\d{12}")

# ARNs

_NAMED_BY_CUSTOMERS: Final = frozenset(
    [
        "airflow",
        "appmesh",
        "athena",
        "autoscaling",
        "backup",
        "batch",
        "bedrock",
        "cloudformation",
        "cloudtrail",
        "cloudwatch",
        "codebuild",
        "codecommit",
        "codedeploy",
        "codepipeline",
        "cognito-idp",
        "config",
        "datapipeline",
        "dynamodb",
        "ecr",
        "ecs",
        "eks",
        "elasticache",
        "elasticbeanstalk",
        "elasticloadbalancing",
        "elasticmapreduce",
        "es",
        "events",
        "firehose",
        "glue",
        "iam",
        "iot",
        "kafka",
        "kinesis",
        "lambda",
        "lex",
        "logs",
        "mediaconvert",
        "mq",
        "opensearch",
        "pipes",
        "rds",
        "redshift",
        "sagemaker",
        "scheduler",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "states",
        "sts",
        "transfer",
    ]
)
"""Services where a customer chooses the name in an ARN, so that any account can have the same one (Service
Authorization Reference, resource types of each). Ids that others assign may be unique without the account."""
_TYPES_OF_S3: Final = frozenset(
    [
        "access-grants",
        "accesspoint",
        "async-request",
        "job",
        "multi-region-access-point",
        "storage-lens",
        "storage-lens-group",
    ]
)
_BEGIN_WITH_ID: Final = frozenset({"execute-api"})
_ANY_OF_A_TYPE: Final = re.compile(r"/?[a-z-]*[/:]?[*?].*")


def _fixed_arn(value: str) -> bool | None:
    """An ARN of one account, or of one bucket, whose name is unique in its partition; ids of other services: unknown.

    Partition, service and region leave nobody out (S3 User Guide, "Bucket naming rules"; Service Authorization
    Reference, "Resource types defined by Amazon S3": the ARN of a bucket has neither region nor account).
    """
    parts = value.split(":", 5)
    if len(parts) < _ARN_PARTS or parts[0] != "arn":
        return False
    service, account, resource = parts[2], parts[4], parts[5]
    if _account(account):
        return True
    if account not in {"", "*"} or not resource:
        return False
    if service == "s3":
        return _one_bucket(resource, account)
    if service in _NAMED_BY_CUSTOMERS or set(service) & set("*?") or resource[0] in "*?":
        return False
    return False if service not in _BEGIN_WITH_ID and _ANY_OF_A_TYPE.fullmatch(resource) else None


def _one_bucket(resource: str, account: str) -> bool:
    bucket, slash, _ = resource.partition("/")
    of_an_account = account == "*" and bool(slash) and bucket in _TYPES_OF_S3
    return bool(bucket) and not of_an_account and not set(bucket) & set("*?$")


# Addresses


def _narrow_range(value: str) -> bool:
    """At most a /8 or a /32 of IPv6, wider ones are as good as the world (S3 User Guide, The meaning of public)."""
    network = _network(value)
    if network is None:
        return False
    return network.prefixlen >= (_WIDEST_V4 if isinstance(network, IPv4Network) else _WIDEST_V6)


def _network(value: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(value, strict=False)
    except ValueError:
        return None


def _covers_half(values: Sequence[str]) -> bool:
    """Whether ranges that are narrow one by one hold half of all IPv4 addresses together."""
    if len(values) < _HALF_OF_IPV4 >> 24:
        return False
    found = [network for network in map(_network, values) if isinstance(network, IPv4Network)]
    return sum(network.num_addresses for network in collapse_addresses(found)) >= _HALF_OF_IPV4


# Subscribers of a topic


def _subscriber(value: str) -> bool:
    """One endpoint, or those of one mail domain or host (SNS Developer Guide, identity-based policies, policy keys)."""
    if value.startswith("arn:"):
        return bool(_fixed_arn(value))
    local, at, domain = value.rpartition("@")
    if at and local in {"", "*"}:
        return bool(domain) and not set(domain) & set("*?/")
    scheme, found, rest = value.partition("://")
    part = rest.partition("/")[0] if found and "/" in rest else value
    return bool(part) and not set(scheme if found else "") & set("*?") and not set(part) & set("*?")


def _own(pattern: str) -> Form:
    """A key about the resource itself limits who is allowed only where it is compared with the caller's own."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda value: compiled.fullmatch(value) is not None


_FORMS: Final[Mapping[str, Form]] = {
    "account": _account,
    "address": _narrow_range,
    "arn": _fixed_arn,
    "endpoint": _like(r"vpce-[0-9a-z]+"),
    "fixed": lambda value: bool(value) and not set(value) & set("*?$"),
    "organization": _like(r"o-[a-z0-9]{10,32}"),
    "organization-path": _like(r"o-[a-z0-9]{10,32}/.*"),
    "own-account": _own(r"\$\{aws:PrincipalAccount}"),
    "own-organization": _own(r"\$\{aws:PrincipalOrgID}"),
    "service": _like(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?"),
    "subscriber": _subscriber,
    "true": lambda value: value.lower() == "true",
    "unique-id": _like(r"(A[A-Z0-9]{15,}|\d{12})(:.*)?"),
    "vpc": _like(r"vpc-[0-9a-z]+"),
}
