"""What is recorded of a bucket: its access log, its events, and the buckets that hold the trails of an account."""

from __future__ import annotations

from typing import Annotated, Final

from goldseam.clouds.aws.named import Bucket
from goldseam.clouds.aws.public import effective_grants, granting
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.s3.access import CLOSES
from goldseam.clouds.aws.services.s3.bucket import BUCKET, FLAGS, NO_BLOCKS, in_force, with_all_flags
from goldseam.clouds.aws.services.s3.configuration import EVENT_BRIDGE
from goldseam.clouds.aws.shapes import statements
from goldseam.clouds.aws.statements import covers, label, policy_document, sorted_out, without_fix
from goldseam.control import (
    Example,
    Placed,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_S3_LOGS: Final = "logging.s3.amazonaws.com"
_TRAILS: Final = "cloudtrail.amazonaws.com"
_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_PUT: Final = "s3:PutObject"
_CHOOSE_TARGET: Final = (
    "1. make a bucket for access logs in the same region and account, whose policy lets the service principal "
    "`logging.s3.amazonaws.com` do s3:PutObject; 2. give its name in a policy as the setting `target_bucket`"
)

_BESIDE: Final = Placed("Amazon S3 User Guide, Logging requests with server access logging", account=True)
_ARN: Final = "arn:aws:s3:::goldseam-example"
_OWNER: Final = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"
_OWNS: Final = {"Grantee": {"Type": "CanonicalUser", "ID": _OWNER}, "Permission": "FULL_CONTROL"}
_OWN_ACL: Final = {"Owner": {"ID": _OWNER}, "Grants": [_OWNS]}
_ALL_LIST: Final = {
    "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
    "Permission": "READ",
}
_LOG_ACL: Final = {
    "Owner": {"ID": _OWNER},
    "Grants": [_OWNS, {"Grantee": {"Type": "Group", "URI": _DELIVERY}, "Permission": "WRITE"}],
}


def _served(service: str, action: str = _PUT) -> Json:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": f"{_ARN}/*"}


_ANYONE_READS: Final = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{_ARN}/*"}
_TRAIL: Final = policy_document(_served(_TRAILS))


def takes_logs_of(service: str, policy: Value) -> bool:
    """Whether a policy lets a service put its records into the bucket."""
    return any(_serves(statement, service) and covers(statement, "Action", _PUT) for statement in statements(policy))


def _serves(statement: Json, service: str) -> bool:
    principal = statement.get("Principal")
    named = principal.get("Service", []) if isinstance(principal, dict) else []
    return statement.get("Effect") == "Allow" and service in ([named] if isinstance(named, str) else named)


def _is_log_bucket(policy: Value, acl: Value) -> bool:
    delivered = any(grant["Grantee"].get("URI") == _DELIVERY for grant in acl["Grants"])
    return delivered or takes_logs_of(_S3_LOGS, policy)


def _log(bucket: str, prefix: str = "goldseam-example/") -> Json:
    return {"TargetBucket": bucket, "TargetPrefix": prefix}


_CALLED: Final = {"arn": _ARN, "policy": ABSENT, "acl": _OWN_ACL}
_COSTS: Final = harmless(
    "readers and writers are served as before; the records are written into the chosen bucket, where storage is "
    "charged",
    source="Amazon S3 User Guide, Logging requests with server access logging",
    noticed_by="those who pay",
)


@control(
    "aws.s3.bucket.logged",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("s3_bucket_server_access_logging_enabled"),
    covers=("security-hub:S3.9", "cloudbots:s3_enable_logging"),
    disrupts=_COSTS,
    compliant=(
        {**_CALLED, "logging": _log("logs")},
        {**_CALLED, "logging": ABSENT, "policy": policy_document(_served(_S3_LOGS))},
        {**_CALLED, "logging": ABSENT, "acl": _LOG_ACL},
    ),
    violating=(
        {**_CALLED, "logging": ABSENT},
        Example(
            {**_CALLED, "logging": ABSENT},
            settings={"target_bucket": "goldseam-example-beside"},
            leaves={"logging": _log("goldseam-example-beside")},
        ),
    ),
)
def logged(
    logging: Value, arn: str, policy: Value, acl: Value, *, target_bucket: Annotated[Bucket, _BESIDE] = ""
) -> Verdict:
    """Requests to the bucket are written to a log.

    Who read what, and from where, cannot be found out afterwards without it. Each bucket writes under its own name in
    the chosen bucket. Buckets that take in such logs pass: a log of the log would feed itself.
    """
    if logging is not ABSENT or _is_log_bucket(policy, acl):
        return compliant
    return _logged_to(arn, target_bucket, "requests are not logged")


def _logged_to(arn: str, target: str, because: str) -> Verdict:
    name = arn.rpartition(":")[2]
    if not target:
        return violation(because=because, guide=_CHOOSE_TARGET)
    if name == target:
        return violation(because=f"{because}, and a bucket must not log to itself", guide=_CHOOSE_TARGET)
    return should_be(logging={"TargetBucket": target, "TargetPrefix": f"{name}/"}, because=because)


@control(
    "aws.s3.bucket.trail-logged",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("cloudtrail_logs_s3_bucket_access_logging_enabled"),
    covers=("security-hub:CloudTrail.7",),
    disrupts=_COSTS,
    compliant=(
        {**_CALLED, "logging": ABSENT},
        {**_CALLED, "logging": _log("logs"), "policy": _TRAIL},
    ),
    violating=(
        {**_CALLED, "logging": ABSENT, "policy": _TRAIL},
        Example(
            {**_CALLED, "logging": ABSENT, "policy": _TRAIL},
            settings={"target_bucket": "goldseam-example-beside"},
            leaves={"logging": _log("goldseam-example-beside")},
        ),
        Example(
            {**_CALLED, "logging": ABSENT, "policy": _TRAIL}, settings={"target_bucket": "goldseam-example"}
        ),
    ),
)  # fmt: skip
def trail_logged(logging: Value, arn: str, policy: Value, *, target_bucket: Annotated[Bucket, _BESIDE] = "") -> Verdict:
    """Requests to a bucket that holds trails are written to a log.

    Whoever reads or deletes the record of an account leaves a trace then. Buckets that hold trails are those whose
    policy lets CloudTrail write.
    """
    if logging is not ABSENT or not takes_logs_of(_TRAILS, policy):
        return compliant
    return _logged_to(arn, target_bucket, "it holds trails, and requests to it are not logged")


@control(
    "aws.s3.bucket.trail-not-public",
    BUCKET,
    severity=Severity.CRITICAL,
    maps=required("cloudtrail_logs_s3_bucket_is_not_publicly_accessible"),
    covers=("security-hub:CloudTrail.6", "prowler:cloudtrail_logs_s3_bucket_is_not_publicly_accessible"),
    disrupts=CLOSES,
    compliant=(
        {**NO_BLOCKS, "policy": _TRAIL, "acl": _OWN_ACL},
        {**NO_BLOCKS, "policy": policy_document(_ANYONE_READS), "acl": _OWN_ACL},
        {
            **NO_BLOCKS,
            "policy": policy_document(_served(_TRAILS), _ANYONE_READS),
            "acl": {**_OWN_ACL, "Grants": [_OWNS, _ALL_LIST]},
            "account_public_access_block": dict.fromkeys(FLAGS, True),
        },
    ),
    violating=(
        Example(
            {**NO_BLOCKS, "policy": policy_document(_served(_TRAILS), _ANYONE_READS), "acl": _OWN_ACL},
            leaves={"public_access_block": {**dict.fromkeys(FLAGS, False), "RestrictPublicBuckets": True}},
        ),
        Example(
            {**NO_BLOCKS, "policy": _TRAIL, "acl": {**_OWN_ACL, "Grants": [_OWNS, _ALL_LIST]}},
            leaves={"public_access_block": {**dict.fromkeys(FLAGS, False), "IgnorePublicAcls": True}},
        ),
    ),
)
def trail_not_public(
    policy: Value, acl: Value, public_access_block: Value, account_public_access_block: Value
) -> Verdict:
    """A bucket that holds trails is not public.

    The record of an account tells an attacker who works there, with what, and what is not watched. The policy and the
    list stay as they are and lose their effect on everyone; CloudTrail goes on writing.
    """
    if not takes_logs_of(_TRAILS, policy):
        return compliant
    public, unknown = sorted_out(policy)
    open_by = {
        "RestrictPublicBuckets": [label(statement) for statement in public],
        "IgnorePublicAcls": [granting(grant) for grant in effective_grants(acl, ABSENT, ABSENT)],
    }
    lacking = [
        flag
        for flag, found in open_by.items()
        if found and not in_force(flag, public_access_block, account_public_access_block)
    ]
    if in_force("RestrictPublicBuckets", public_access_block, account_public_access_block):
        unknown = []
    effective = [word for flag in lacking for word in open_by[flag]]
    settled = without_fix(effective, unknown)
    if settled is not None:
        return settled
    held = {} if public_access_block is ABSENT else public_access_block
    wanted = with_all_flags({**held, **dict.fromkeys(lacking, True)})
    return should_be(public_access_block=wanted, because="; ".join(effective))


_TO_QUEUE: Final = {
    "QueueConfigurations": [
        {"Id": "q", "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:goldseam-example", "Events": ["s3:ObjectCreated:*"]}
    ]
}


@control(
    "aws.s3.bucket.tells-events",
    BUCKET,
    severity=Severity.LOW,
    maps=required("s3_bucket_event_notifications_enabled"),
    covers=("security-hub:S3.11",),
    disrupts=may_disrupt(
        "events go to the default bus of EventBridge, where they are charged for, and rules that match them, such as "
        "one for all buckets, start to act"
    ),
    compliant=({"notifications": {EVENT_BRIDGE: {}}}, {"notifications": _TO_QUEUE}),
    violating=(Example({"notifications": {}}, leaves={"notifications": {EVENT_BRIDGE: {}}}),),
)
def tells_events(notifications: Value) -> Verdict:
    """Changes of the bucket's objects are told to someone.

    Objects that appear, change or vanish unexpectedly can then be acted upon at once. Events that go to a topic, a
    queue or a function count.
    """
    if notifications:
        return compliant
    return should_be(notifications={EVENT_BRIDGE: {}}, because="events of the bucket go nowhere")
