"""KMS: the keys that customers manage, who may use them, and how they are renewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Address, AwsFacet, Get, Look, Pages, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.principals import named_as
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Switch, policy, statements
from goldseam.clouds.aws.statements import closed, covers, not_public, without_public
from goldseam.control import (
    Example,
    Owner,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    owner_rule,
    should_be,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_KEY: Final = {"KeyId": "{id}"}
_DEFAULT: Final = {**_KEY, "PolicyName": "default"}
_ABOUT: Final = ("KeyManager", "KeySpec", "Origin")
_ADMINISTERS: Final = "kms:PutKeyPolicy"


def _about(metadata: Mapping[str, Json]) -> dict[str, Json]:
    """What decides whether a key can be rotated, and by whom it is managed."""
    multi_region = metadata.get("MultiRegionConfiguration") or {}
    told = {name: metadata.get(name, "") for name in _ABOUT}
    told["KeySpec"] = told["KeySpec"] or metadata.get("CustomerMasterKeySpec", "")
    return {**told, "Replica": multi_region.get("MultiRegionKeyType") == "REPLICA"}


@dataclass(frozen=True)
class KeyStatus(AwsFacet):
    """What state the key is in, of which few can be left by a call; `moves` are named `before > after`.

    A key whose deletion is called off is disabled. The way back would be to schedule its deletion, which nothing here
    ever does.
    """

    moves: Mapping[str, Send] = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """The call of the move."""
        if before == after:
            return ()
        move = self.moves.get(f"{before} > {after}")
        if move is None:
            raise self.no_way(ref, after)
        return (self.step(move.call(ref), after),)


def _alias_names(raw: Json) -> Value:
    return sorted(alias["AliasName"] for alias in raw)


def _grantees(raw: Json) -> Value:
    """Who may use the key by a grant."""
    return sorted({grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal") or "" for grant in raw} - {""})


def _last_usage(answer: Mapping[str, Json]) -> Value:
    """The day of the last use, when the key was made, and since when KMS keeps record of uses; each may be empty."""
    last = answer.get("KeyLastUsage") or {}
    days = (last.get("Timestamp"), answer.get("KeyCreationDate"), answer.get("TrackingStartDate"))
    return dict(zip(("used", "made", "kept_since"), (str(day or "")[:10] for day in days), strict=True))


_REPLICA_OF: Final = (
    "it is a replica, and automatic rotation is set on the primary key",
    'AWS KMS API Reference, "EnableKeyRotation"; AWS KMS Developer Guide, "Multi-Region keys in AWS KMS"',
)


@owner_rule(
    ours=[{"metadata": {"KeyManager": "CUSTOMER", "Replica": False}}],
    theirs=[
        {"metadata": {"KeyManager": "AWS", "Replica": False}},
        {"metadata": {"KeyManager": "CUSTOMER", "Replica": True}},
    ],
)
def _of_others(metadata: Mapping[str, Json]) -> Owner | None:
    """AWS manages the key, or it is a replica of a key in another region."""
    if metadata["KeyManager"] == "AWS":
        source = 'AWS KMS Developer Guide, "AWS KMS keys", AWS managed keys'
        return Owner("it is an AWS managed key, whose policy, rotation and deletion are AWS's own", source)
    return Owner(*_REPLICA_OF, facets=frozenset({"rotation"})) if metadata["Replica"] else None


KEY: Final = AwsKind(
    "aws.kms.key",
    "KMS key",
    (
        KeyStatus(
            name="state",
            get=Get("kms.DescribeKey", _KEY, "KeyMetadata.KeyState"),
            moves={
                "PendingDeletion > Disabled": Send("kms.CancelKeyDeletion", _KEY),
                "Enabled > Disabled": Send("kms.DisableKey", _KEY),
                "Disabled > Enabled": Send("kms.EnableKey", _KEY),
            },
        ),
        Switch(
            name="rotation",
            get=Get("kms.GetKeyRotationStatus", _KEY, "KeyRotationEnabled", absent=("UnsupportedOperationException",)),
            levels={True: Send("kms.EnableKeyRotation", _KEY), False: Send("kms.DisableKeyRotation", _KEY)},
        ),
        policy(
            "policy",
            get=Get("kms.GetKeyPolicy", _DEFAULT, "Policy"),
            put=Send("kms.PutKeyPolicy", {**_DEFAULT, "Policy": VALUE}),
        ),
        Look(name="metadata", get=Get("kms.DescribeKey", _KEY, "KeyMetadata"), decode=_about),
        Pages(name="aliases", get=Get("kms.ListAliases", _KEY, "Aliases"), decode=_alias_names),
        Pages(name="grantees", get=Get("kms.ListGrants", _KEY, "Grants"), decode=_grantees),
        Look(name="last_usage", get=Get("kms.GetKeyLastUsage", _KEY), decode=_last_usage),
        tags(Get("kms.ListResourceTags", _KEY, "Tags"), key="TagKey", value="TagValue"),
        Address(name="arn"),
    ),
    touched_by=(
        changes(
            "kms", f"{REQUEST}.keyId", f"{ANSWER}.keyMetadata.keyId", id="(?:arn:.+:key/)?((?:mrk-)?[0-9a-f-]{32,36})"
        ),
    ),
    address="arn:{partition}:kms:{region}:{account}:key/{id}",
    find=Listing("kms.ListKeys", "Keys", id="KeyId"),
    owner_rule=_of_others,
)

_ARN: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_ROOT: Final = "arn:aws:iam::123456789012:root"
_OURS: Final = {
    "KeyManager": "CUSTOMER",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "Origin": "AWS_KMS",
    "Replica": False,
}


def _root_administers(root: str) -> dict[str, Json]:
    """The statement of AWS's default key policy: the account's IAM policies decide."""
    return {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }


_ADMINISTERED: Final = _root_administers(_ROOT)
_ANYONE_DECRYPTS: Final = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
_ANYONE_ADMINISTERS: Final = {**_ADMINISTERED, "Sid": "All", "Principal": {"AWS": "*"}}
_SEVERAL_USE: Final = {**_ANYONE_DECRYPTS, "Principal": {"AWS": ["arn:aws:iam::210987654321:role/reader", "*"]}}
_SERVICE_USES: Final = {
    **_ANYONE_DECRYPTS,
    "Condition": {
        "StringEquals": {"kms:CallerAccount": "123456789012", "kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    },
}
_ANY_SERVICE_USES: Final = {
    **_ANYONE_DECRYPTS,
    "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
}


def _document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": list(held)}


def _state(*held: Json, **about: Json) -> Mapping[str, Value]:
    return {"policy": _document(*held), "metadata": {**_OURS, **about}, "arn": _ARN}


@control(
    "aws.kms.key.policy-not-public",
    KEY,
    severity=Severity.CRITICAL,
    maps=required("kms_key_not_publicly_accessible"),
    disrupts=may_disrupt("callers of other accounts that only the statement for everyone lets in are refused"),
    compliant=(
        _state(_ADMINISTERED),
        _state(_ADMINISTERED, _SERVICE_USES),
        _state(_ANYONE_DECRYPTS, KeyManager="AWS"),
    ),
    violating=(
        Example(
            _state(_ADMINISTERED, _ANYONE_DECRYPTS, _SERVICE_USES, _ANY_SERVICE_USES),
            leaves={"policy": _document(_ADMINISTERED, _SERVICE_USES)},
        ),
        Example(
            _state(_ADMINISTERED, _SEVERAL_USE),
            leaves={
                "policy": _document(
                    _ADMINISTERED,
                    {**_SEVERAL_USE, "Principal": {"AWS": ["arn:aws:iam::210987654321:role/reader"]}},
                )
            },
        ),
        Example(
            _state(_ANYONE_ADMINISTERS),
            leaves={"policy": _document({**_ANYONE_ADMINISTERS, "Principal": {"AWS": _ROOT}})},
        ),
        Example(_state(_ANYONE_DECRYPTS), leaves={"policy": _document(_ADMINISTERED)}),
    ),
)
def policy_not_public(policy: Value, metadata: Value, arn: Value) -> Verdict:
    """The key's policy allows nothing to everyone.

    Whoever may use the key reads what it protects, and whoever may administer it can take it away. The account keeps
    the right to administer its own key: where only the statement for everyone gave it, the account takes everyone's
    place, and a policy is never left without the account. Keys that AWS manages are AWS's affair.
    """
    if metadata["KeyManager"] != "CUSTOMER":
        return compliant
    _, partition, _, _, account, _ = arn.split(":", 5)
    return not_public(policy, lambda held: _without_strangers(held, f"arn:{partition}:iam::{account}:root"))


def _without_strangers(policy: Value, root: str) -> Value:
    left = without_public(policy)
    if not _administered(left, root):
        left = without_public(policy, lambda statement: _for_account(statement, root))
    return {**policy, "Statement": [_root_administers(root)]} if left is ABSENT else left


def _administered(policy: Value, root: str) -> bool:
    """Whether the account itself may change the policy, whatever else holds."""
    return any(
        statement["Effect"] == "Allow"
        and "Condition" not in statement
        and root in named_as("AWS", statement)
        and _gives_administration(statement)
        for statement in statements(policy)
    )


def _gives_administration(statement: Json) -> bool:
    if "NotAction" in statement:
        return not covers(statement, "NotAction", _ADMINISTERS)
    return covers(statement, "Action", _ADMINISTERS)


def _for_account(statement: Json, root: str) -> tuple[Json, ...]:
    """What remains of a statement for everyone, and the account in everyone's place where it administered the key."""
    if not _gives_administration(statement):
        return closed(statement)
    kept = closed(statement)
    dropped = {"NotPrincipal", "Sid"} if kept else {"NotPrincipal"}
    owned = {key: value for key, value in statement.items() if key not in dropped}
    return (*kept, {**owned, "Principal": {"AWS": root}})


@control(
    "aws.kms.key.rotated",
    KEY,
    severity=Severity.HIGH,
    maps=required("kms_cmk_rotation_enabled"),
    covers=("security-hub:KMS.4", "prowler:kms_cmk_rotation_enabled", "cloudbots:kms_enable_rotation"),
    disrupts=harmless(
        "the key keeps its ID and still decrypts what it encrypted before, so applications need no change; the "
        "first two rotations add a monthly charge",
        source="AWS KMS Developer Guide, Rotate AWS KMS keys",
        noticed_by="those who pay",
    ),
    compliant=(
        {"rotation": True, "state": "Enabled", "metadata": _OURS},
        {"rotation": False, "state": "Enabled", "metadata": {**_OURS, "KeyManager": "AWS"}},
        {"rotation": False, "state": "PendingDeletion", "metadata": _OURS},
        {"rotation": ABSENT, "state": "Enabled", "metadata": {**_OURS, "KeySpec": "RSA_2048"}},
        {"rotation": False, "state": "Enabled", "metadata": {**_OURS, "Replica": True}},
    ),
    violating=(Example({"rotation": False, "state": "Enabled", "metadata": _OURS}, leaves={"rotation": True}),),
)
def rotated(rotation: Value, state: Value, metadata: Value) -> Verdict:
    """The key is renewed every year.

    The less one key encrypts, the less its loss costs. Only enabled, symmetric keys with material that KMS made can be
    rotated by KMS, and replicas follow their primary key; all others pass.
    """
    if rotation is not False or state != "Enabled" or metadata != _OURS:
        return compliant
    return should_be(rotation=True, because="automatic rotation is off")


@control(
    "aws.kms.key.not-to-be-deleted",
    KEY,
    severity=Severity.HIGH,
    maps=required("kms_cmk_not_deleted_unintentionally"),
    covers=("prowler:kms_cmk_not_deleted_unintentionally",),
    disrupts=may_disrupt(
        "the deletion that somebody asked for does not happen, and the key is charged for; it cannot be asked for "
        "again from here"
    ),
    compliant=({"state": "Enabled", "metadata": _OURS}, {"state": "Disabled", "metadata": _OURS}),
    violating=(Example({"state": "PendingDeletion", "metadata": _OURS}, leaves={"state": "Disabled"}),),
)
def not_to_be_deleted(state: Value, metadata: Value) -> Verdict:
    """No key is about to be deleted.

    What a key encrypted is lost with it, for ever and everywhere. Calling the deletion off leaves the key disabled, as
    it was while it waited: nothing works with it until a person enables it, and nothing is lost.
    """
    if state != "PendingDeletion" or metadata["KeyManager"] != "CUSTOMER":
        return compliant
    return should_be(state="Disabled", because="the key is scheduled for deletion")
