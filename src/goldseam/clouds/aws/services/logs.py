"""CloudWatch Logs: groups, how long they keep and how they encrypt, and the policies that let others write to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.policy_sizes import policy_json
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.sensitive import in_policies
from goldseam.clouds.aws.shapes import Document
from goldseam.clouds.aws.statements import none_public, policy_document
from goldseam.control import (
    Between,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same

_GROUP: Final = {"logGroupName": "{id}"}
_OWN: Final = ("{address}:*",)
"""How IAM names a group: with `:*` at its end (CloudWatch Logs User Guide, "CloudWatch Logs resources")."""

_ON_GROUPS: Final = (
    "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "AssociateKmsKey",
    "DisassociateKmsKey",
)  # fmt: skip

GROUP: Final = AwsKind(
    "aws.logs.group",
    "log group",
    (
        Document(
            name="retention",
            listed="retentionInDays",
            put=Send("logs.PutRetentionPolicy", {**_GROUP, "retentionInDays": VALUE}, _OWN),
            delete=Send("logs.DeleteRetentionPolicy", _GROUP, _OWN),
        ),
        Document(
            name="key",
            listed="kmsKeyId",
            put=Send("logs.AssociateKmsKey", {**_GROUP, "kmsKeyId": VALUE}, _OWN),
            delete=Send("logs.DisassociateKmsKey", _GROUP, _OWN),
        ),
    ),
    touched_by=(changes("logs", f"{REQUEST}.logGroupName", names=_ON_GROUPS),),
    address="arn:{partition}:logs:{region}:{account}:log-group:{id}",
    find=Listing(
        "logs.DescribeLogGroups", "logGroups", id="logGroupName", narrow={"logGroupNamePrefix": "{id}"}
    ),
)  # fmt: skip

_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What CloudWatch Logs takes (API Reference, PutRetentionPolicy)."""


@control(
    "aws.logs.group.kept", GROUP, severity=Severity.MEDIUM,
    maps=required("cloudwatch_log_group_retention_policy_specific_days_enabled"),
    covers=("security-hub:CloudWatch.16",),
    disrupts=may_disrupt("events are kept for longer, and charged for; where a law says when they must go, they stay"),
    compliant=({"retention": 365}, {"retention": 731}, {"retention": ABSENT}),
    violating=(
        Example({"retention": 30}, leaves={"retention": 365}),
        Example({"retention": 365}, settings={"days": 400}, leaves={"retention": 400}),
        Example({"retention": 365}, settings={"days": 1000}, leaves={"retention": 1096}),
    ),
)  # fmt: skip
def kept(retention: Value, *, days: Annotated[int, Between(1, 3653)] = 365) -> Verdict:
    """The group keeps its events long enough.

    Most intrusions are found months later; what happened must still be there. A group that never deletes keeps them
    long enough. The next longer time that CloudWatch Logs takes is set.
    """
    if retention is ABSENT or retention >= days:
        return compliant
    because = f"events are deleted after {retention} days, and should be kept for {days}"
    return should_be(retention=next(step for step in _DAYS if step >= days), because=because)


@control(
    "aws.logs.group.ends", GROUP, severity=Severity.LOW,
    disrupts=may_disrupt("events older than the retention are deleted for good"),
    compliant=({"retention": 365},),
    violating=({"retention": ABSENT},),
)  # fmt: skip
def ends(retention: Value) -> Verdict:
    """The group does not keep its events for ever.

    What nobody needs any more is paid for, and can still leak. Setting a retention deletes older events for good, so a
    person decides.
    """
    if retention is not ABSENT:
        return compliant
    return violation(because="events are never deleted", guide=_END_GUIDE)


_END_GUIDE: Final = (
    "1. ask the owner for how long the events are needed; 2. export what must stay (`aws logs create-export-task`); "
    "3. `aws logs put-retention-policy --log-group-name NAME --retention-in-days DAYS`"
)
_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_NO_KEY: Final = ""


@control(
    "aws.logs.group.encrypted-with-kms", GROUP, severity=Severity.LOW,
    maps=required("cloudwatch_log_group_kms_encryption_enabled"),
    disrupts=may_disrupt(
        "readers of the group need the right to decrypt with the key; AWS refuses the change where the key's policy "
        "does not let CloudWatch Logs use it"
    ),
    compliant=({"key": _KEY},),
    violating=({"key": ABSENT}, Example({"key": ABSENT}, settings={"kms_key": _KEY}, leaves={"key": _KEY})),
)  # fmt: skip
def encrypted_with_kms(key: Value, *, kms_key: KmsKey = _NO_KEY) -> Verdict:
    """Events of the group are encrypted with a KMS key.

    Logs hold what applications should not write into them; a KMS key adds its own access control and audit trail.
    CloudWatch Logs encrypts with its own key in any case. What is there already stays as it is.
    """
    if key is not ABSENT:
        return compliant
    because = "no KMS key encrypts the group"
    if not kms_key.startswith("arn:"):
        return violation(because=because, guide=_KEY_GUIDE)
    return should_be(key=str(kms_key), because=because)


_KEY_GUIDE: Final = (
    "1. choose a key whose policy lets `logs.REGION.amazonaws.com` encrypt and decrypt; 2. give its ARN (CloudWatch "
    "Logs takes no other name) in a policy as the setting `kms_key`"
)


@dataclass(frozen=True)
class ResourcePolicies(AwsFacet):
    """The policies of a region that let others use its log groups, by name; each is put and deleted by its own call."""

    one_by_one: ClassVar[bool] = True

    def normal(self, value: Value) -> Value:
        """Documents by name."""
        return {} if value is ABSENT else value

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Put what is new or changed, delete what is gone."""
        state, steps = dict(before), []
        for name in sorted(name for name in after if name not in before or not same(before[name], after[name])):
            state[name] = after[name]
            text = json.dumps(after[name], separators=(",", ":"), sort_keys=True)
            put = Send("logs.PutResourcePolicy", {"policyName": name, "policyDocument": VALUE}, ("*",))
            steps.append(self.step(put.call(ref, text), dict(state)))
        for name in sorted(before.keys() - after.keys(), reverse=True):
            del state[name]
            gone = Send("logs.DeleteResourcePolicy", {"policyName": name}, ("*",))
            steps.append(self.step(gone.call(ref), dict(state)))
        return tuple(steps)


def _by_name(raw: list[Mapping[str, Json]]) -> Value:
    return {policy["policyName"]: policy_json(policy["policyDocument"]) for policy in raw}


REGION: Final = AwsKind(
    "aws.logs.region",
    "region's policies on log groups",
    (
        ResourcePolicies(
            name="policies",
            get=Get("logs.DescribeResourcePolicies", path="resourcePolicies"),
            decode=_by_name,
            sensitive=in_policies("*"),
        ),
    ),
    touched_by=(changes("logs", "awsRegion", names=("PutResourcePolicy", "DeleteResourcePolicy")),),
    address="arn:{partition}:logs:{region}:{account}:region",
)

_ROUTE53: Final = {
    "Sid": "Route53",
    "Effect": "Allow",
    "Principal": {"Service": "route53.amazonaws.com"},
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/*",
}
_ANYONE: Final = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "logs:PutLogEvents", "Resource": "*"}


@control(
    "aws.logs.region.policies-not-public", REGION, severity=Severity.HIGH,
    maps=required("cloudwatch_log_group_not_publicly_accessible"),
    disrupts=may_disrupt("services and accounts that only the statement for everyone lets in cannot write any more"),
    compliant=({"policies": {}}, {"policies": {"dns": policy_document(_ROUTE53)}}),
    violating=(
        Example(
            {"policies": {"dns": policy_document(_ROUTE53), "open": policy_document(_ROUTE53, _ANYONE)}},
            leaves={"policies": {"dns": policy_document(_ROUTE53), "open": policy_document(_ROUTE53)}},
        ),
        Example(
            {"policies": {"dns": policy_document(_ROUTE53), "open": policy_document(_ANYONE)}},
            leaves={"policies": {"dns": policy_document(_ROUTE53)}},
        ),
    ),
)  # fmt: skip
def policies_not_public(policies: Value) -> Verdict:
    """No policy lets everyone use the log groups of the region.

    Whoever may write can bury what matters, or run up the bill; whoever may read finds what applications wrote there.
    """
    return none_public(policies)
