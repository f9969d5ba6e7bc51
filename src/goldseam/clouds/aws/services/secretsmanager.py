"""Secrets Manager: secrets, who may read them, and how they are renewed. Their values are never read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

from goldseam.clouds.aws.elapsed import days_exceeded, days_since
from goldseam.clouds.aws.facet import VALUE, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.named import Function
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, policy
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import (
    Between,
    Example,
    Owner,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    owner_rule,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same

_SECRET: Final = {"SecretId": "{id}"}
_DESCRIBE: Final = ("secretsmanager.DescribeSecret", _SECRET)
_VERSIONS: Final = ("secretsmanager.ListSecretVersionIds", "Versions")
_CURRENT: Final = "AWSCURRENT"
_ROTATED: Final = ("RotationLambdaARN", "RotationRules")


def _rotation(raw: Json) -> Value:
    """By which function and how often; what is left of a rotation that is switched off is none."""
    if not raw.get("RotationEnabled"):
        return ABSENT
    return {name: raw[name] for name in _ROTATED if raw.get(name)}


@dataclass(frozen=True)
class Rotation(Document):
    """The rotation by a function, which whoever switches it on must be allowed to invoke.

    The first rotation waits for its turn, so that switching it on replaces nothing (Secrets Manager API Reference,
    RotateSecret, `RotateImmediately`).
    """

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One put, or one cancellation."""
        if same(before, after) or after is ABSENT:
            return Document.write(self, ref, before, after)
        if "RotationLambdaARN" not in after:  # a service rotates its own secret, which no call of ours switches on
            raise self.no_way(ref, after)
        function = after["RotationLambdaARN"].rpartition(":function:")[2]
        return (self.step(self.put.call(ref, more=after, words={"function": function}), after),)


@dataclass(frozen=True)
class Ages(Look):
    """Days since the secret was last read, in steps of 15; since it was made, where it never was."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item, or from the secret."""
        about = item if item is not None else ask.one(_DESCRIBE[0], {"SecretId": ref.id}, ref.region)
        return Reading({"read": days_since(ask, str(about.get("LastAccessedDate") or about["CreatedDate"]))})


@dataclass(frozen=True)
class ValueAge(Look):
    """The days that the secret's value is older than, in steps of 15.

    `LastChangedDate` moves with any edit, of a description or a tag too, and `LastRotatedDate` with rotations only
    (Secrets Manager API Reference, SecretListEntry). A value that was put by hand is a new version: where something was
    edited since the last rotation, the version that is current says since when it is.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The secret, and its versions."""
        return (_DESCRIBE[0], _VERSIONS[0])

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item or the secret, and from the versions where those do not tell."""
        about = item if item is not None else ask.one(_DESCRIBE[0], {"SecretId": ref.id}, ref.region)
        since = str(about.get("LastRotatedDate") or about["CreatedDate"])
        if str(about.get("LastChangedDate") or "")[:10] > since[:10]:
            versions = ask.every(_VERSIONS[0], {"SecretId": ref.id}, ref.region, _VERSIONS[1])
            current = [item for item in versions if _CURRENT in (item.get("VersionStages") or ())]
            since = max([since, *(str(item["CreatedDate"]) for item in current)])
        return Reading(days_exceeded(ask, since))


_ROTATE: Final = Send(
    "secretsmanager.RotateSecret", {**_SECRET, "RotateImmediately": False},
    also=(("lambda:InvokeFunction", "arn:{partition}:lambda:{region}:{account}:function:<function>"),),
)  # fmt: skip


@dataclass(frozen=True)
class Primary(Look):
    """The region of the secret that this one is a replica of; empty where it is the primary or stands alone."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item, or from the secret."""
        about = item if item is not None else ask.one(_DESCRIBE[0], {"SecretId": ref.id}, ref.region)
        primary = about.get("PrimaryRegion") or ref.region
        return Reading("" if primary == ref.region else primary)


@owner_rule(
    ours=[{"owner": "", "primary": ""}],
    theirs=[{"owner": "rds", "primary": ""}, {"owner": "", "primary": "us-east-1"}],
)
def _of_others(owner: str, primary: str) -> Owner | None:
    """A service of AWS manages the secret, or it is a replica of a secret in another region.

    The policy of a managed secret stays the account's affair: it says who of the account may read it.
    """
    if primary:
        because = f"it is a replica, which is changed only through its primary in {primary}"
        return Owner(because, 'AWS Secrets Manager User Guide, "Promote a replica secret to a standalone secret"')
    if not owner:
        return None
    source = 'AWS Secrets Manager User Guide, "AWS Secrets Manager secrets managed by other AWS services"'
    return Owner(f"{owner} manages the secret, and rotates and deletes it", source, frozenset({"rotation", "ages"}))


SECRET: Final = AwsKind(
    "aws.secretsmanager.secret",
    "secret",
    (
        Rotation(
            name="rotation",
            get=Get(*_DESCRIBE),
            listed="",
            decode=_rotation,
            put=_ROTATE,
            spread=True,
            delete=Send("secretsmanager.CancelRotateSecret", _SECRET),
        ),
        policy(
            "policy",
            get=Get("secretsmanager.GetResourcePolicy", _SECRET, "ResourcePolicy"),
            put=Send("secretsmanager.PutResourcePolicy", {**_SECRET, "ResourcePolicy": VALUE}),
            delete=Send("secretsmanager.DeleteResourcePolicy", _SECRET),
        ),
        Ages(name="ages", get=Get(*_DESCRIBE), listed=""),
        ValueAge(name="value_age"),
        Look(name="owner", get=Get(*_DESCRIBE, "OwningService"), listed="OwningService", form=absent_is("")),
        Primary(name="primary", get=Get(*_DESCRIBE), listed="PrimaryRegion"),
        replace(tags(Get(*_DESCRIBE, "Tags")), listed="Tags"),
    ),
    touched_by=(
        changes("secretsmanager", f"{REQUEST}.secretId", f"{ANSWER}.aRN", f"{ANSWER}.arn", id="arn:.+:secret:.+"),
    ),
    address="arn:{partition}:secretsmanager:{region}:{account}:secret:{name}",
    find=Listing("secretsmanager.ListSecrets", "SecretList", id="ARN", address="ARN"),
    owner_rule=_of_others,
)  # fmt: skip

_FUNCTION: Final = "arn:aws:lambda:eu-west-1:123456789012:function:goldseam-rotates"
_MONTHLY: Final = {"RotationLambdaARN": _FUNCTION, "RotationRules": {"AutomaticallyAfterDays": 30}}
_ANYONE: Final = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
_PARTNER: Final = {**_ANYONE, "Sid": "Partner", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}
_OURS_ONLY: Final = {**_ANYONE, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}


@control(
    "aws.secretsmanager.secret.policy-not-public", SECRET, severity=Severity.CRITICAL,
    disrupts=may_disrupt("callers that only the statement for everyone lets in are refused"),
    maps=required("secretsmanager_not_publicly_accessible", "secretsmanager_has_restrictive_resource_policy"),
    compliant=[{"policy": ABSENT}, {"policy": policy_document(_PARTNER, _OURS_ONLY)}],
    violating=[
        Example({"policy": policy_document(_ANYONE)}, leaves={"policy": ABSENT}),
        Example(
            {"policy": policy_document(_PARTNER, _ANYONE, _OURS_ONLY)},
            leaves={"policy": policy_document(_PARTNER, _OURS_ONLY)},
        ),
    ],
)  # fmt: skip
def policy_not_public(policy: Value) -> Verdict:
    """The secret's policy allows nothing to everyone.

    Whoever reads a secret has what it opens. Statements tied to an account, an organisation or a network stay.
    """
    return not_public(policy)


@control(
    "aws.secretsmanager.secret.rotation-on", SECRET, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "from its next turn on the function changes the secret: whoever keeps a copy of it, or whose system the "
        "function does not know, is refused"
    ),
    maps=required("secretsmanager_automatic_rotation_enabled"), covers=("security-hub:SecretsManager.1",),
    compliant=[{"rotation": _MONTHLY, "owner": ""}, {"rotation": ABSENT, "owner": "rds"}],
    violating=[
        {"rotation": ABSENT, "owner": ""},
        Example(
            {"rotation": ABSENT, "owner": ""}, settings={"function": _FUNCTION}, leaves={"rotation": _MONTHLY},
        ),
    ],
)  # fmt: skip
def rotation_on(
    rotation: Value, owner: Value, *, function: Function = "", days: Annotated[int, Between(1, 1000)] = 30
) -> Verdict:
    """The secret is renewed by itself.

    A secret that leaked unnoticed stops working some day. It takes a function that knows the system behind the secret:
    without a chosen one there is nothing to switch on. What a service of AWS owns, that service renews.
    """
    if rotation is not ABSENT or owner:
        return compliant
    if not function:
        return violation(
            because="nothing renews the secret",
            guide="1. make a rotation function from one of the templates of Secrets Manager for the kind of secret, "
            "in the network of the system; 2. try it on a copy; 3. give its ARN in a policy for these secrets as the "
            "setting `function`",
        )
    wanted = {"RotationLambdaARN": function, "RotationRules": {"AutomaticallyAfterDays": days}}
    return should_be(rotation=wanted, because="nothing renews the secret")


@control(
    "aws.secretsmanager.secret.renewed", SECRET, severity=Severity.MEDIUM,
    maps=required("secretsmanager_secret_rotated_periodically"), covers=("security-hub:SecretsManager.4",),
    compliant=[
        {"value_age": 75, "owner": ""}, {"value_age": 360, "owner": "rds"},
    ],
    violating=[{"value_age": 90, "owner": ""}, Example({"value_age": 30, "owner": ""}, settings={"days": 30})],
)  # fmt: skip
def renewed(value_age: Value, owner: Value, *, days: Annotated[int, Between(1, 3650)] = 90) -> Verdict:
    """The secret was changed lately.

    The longer a secret lives the more places hold a copy of it; a rotation that is on and fails changes nothing, nor
    does an edit of the description or the tags. Days move in steps of 15.
    """
    if value_age < days or owner:
        return compliant
    return violation(
        because=f"the secret is older than {days} days",
        guide="where rotation is on, see in the function's log why it fails, and start it with `aws secretsmanager "
        "rotate-secret`; else change it in the system first, and then in the secret",
    )


@control(
    "aws.secretsmanager.secret.used", SECRET, severity=Severity.LOW,
    maps=required("secretsmanager_secret_unused"), covers=("security-hub:SecretsManager.3",),
    compliant=[{"ages": {"read": 75}}],
    violating=[{"ages": {"read": 90}}, Example({"ages": {"read": 30}}, settings={"days": 30})],
)  # fmt: skip
def used(ages: Value, *, days: Annotated[int, Between(1, 3650)] = 90) -> Verdict:
    """The secret is read by somebody.

    What nobody reads still opens something. Deleting it makes it unreadable at once and is final when its waiting time
    is over, so a person does it.
    """
    if ages["read"] < days:
        return compliant
    return violation(
        because=f"nobody read the secret for {days} days",
        guide="1. ask who made it; 2. take away what it opens (the user, the token); 3. `aws secretsmanager "
        "delete-secret --recovery-window-in-days 30`, which `restore-secret` takes back until then",
    )
