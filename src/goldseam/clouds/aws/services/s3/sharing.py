"""What other accounts may do with a bucket, and who owns what they put into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from goldseam.clouds.aws.condition_values import account_of
from goldseam.clouds.aws.outsiders import ANYBODY, Outsider, denied_to_others, outsiders
from goldseam.clouds.aws.policy_denials import leaves_only_named
from goldseam.clouds.aws.principals import named_as
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.s3.bucket import BUCKET, FLAGS, NO_BLOCKS, in_force
from goldseam.clouds.aws.shapes import statements
from goldseam.clouds.aws.statements import covers, may_be_public, policy_document, with_statement
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    undecided,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_DANGEROUS: Final = (
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
)
"""What lets another account take a bucket over, or share it on (Security Hub User Guide, S3.6)."""

_OF_OBJECTS: Final = "s3:PutObjectAcl"
_ENFORCED: Final = "BucketOwnerEnforced"

_ARN: Final = "arn:aws:s3:::goldseam-example"
_OTHER: Final = "arn:aws:iam::210987654321:root"
_ROLE: Final = "arn:aws:iam::345678901234:role/loader"
_OWN: Final = "arn:aws:iam::123456789012:role/admin"
_OWNER: Final = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"
_STRANGER: Final = "0bb0b0b0aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba0000"


def _acl(*grantees: str) -> Json:
    grants = [{"Grantee": {"Type": "CanonicalUser", "ID": who}, "Permission": "FULL_CONTROL"} for who in grantees]
    return {"Owner": {"ID": _OWNER}, "Grants": grants}


_CALLED: Final = {"arn": _ARN, "account": "123456789012", "acl": _acl(_OWNER), **NO_BLOCKS}
_EVERYTHING: Final = [_ARN, f"{_ARN}/*"]


def _allows(principal: Json, *actions: str) -> Json:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": _EVERYTHING}


def _denies(principals: list[str], actions: list[str]) -> Json:
    denied = {"Effect": "Deny", "Principal": {"AWS": principals}, "Action": actions, "Resource": _EVERYTHING}
    return {"Sid": "GoldseamOtherAccounts", **denied}


def _whose(account: str) -> Json:
    """Everything for everyone of an account."""
    return {**_allows("*", "s3:*"), "Condition": {"StringEquals": {"aws:PrincipalAccount": account}}}


_READS: Final = _allows(_OTHER, "s3:GetObject", "s3:ListBucket")
_LOADS: Final = _allows([_ROLE, _OWN], "s3:PutObject", _OF_OBJECTS)
_OWNER_RULES: Final = _allows(_OWN, "s3:*")
_ANYONE_READS: Final = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{_ARN}/*"}


@control(
    "aws.s3.bucket.others-cannot-reconfigure",
    BUCKET,
    severity=Severity.HIGH,
    maps=required("s3_bucket_cross_account_access"),
    covers=("security-hub:S3.6",),
    disrupts=may_disrupt(
        "the other accounts that the statement names cannot use these rights any more; uploads that set an ACL, such "
        "as `bucket-owner-full-control`, are refused without s3:PutObjectAcl"
    ),
    compliant=(
        {"policy": ABSENT, **_CALLED},
        {"policy": policy_document(_READS, _OWNER_RULES), **_CALLED},
        {"policy": policy_document(_LOADS, _denies([_ROLE], [_OF_OBJECTS])), **_CALLED},
        {"policy": policy_document(_LOADS, _denies(["345678901234"], ["s3:*"])), **_CALLED},
        {"policy": policy_document(_READS, _whose("123456789012")), **_CALLED},
    ),
    violating=(
        Example(
            {"policy": policy_document(_READS, _LOADS, _OWNER_RULES), **_CALLED},
            leaves={"policy": policy_document(_READS, _LOADS, _OWNER_RULES, _denies([_ROLE], [_OF_OBJECTS]))},
        ),
        Example(
            {"policy": policy_document(_allows(_OTHER, "s3:Put*"), _READS), **_CALLED},
            leaves={
                "policy": policy_document(_allows(_OTHER, "s3:Put*"), _READS, _denies([_OTHER], list(_DANGEROUS[1:])))
            },
        ),
        {
            "policy": policy_document(_LOADS, _ANYONE_READS), **_CALLED,
            "public_access_block": dict.fromkeys(FLAGS, True),
        },
        {"policy": policy_document(_READS, _whose("210987654321")), **_CALLED},
    ),
)  # fmt: skip
def others_cannot_reconfigure(
    policy: Value, acl: Value, arn: str, account: str, public_access_block: Value, account_public_access_block: Value
) -> Verdict:
    """Other accounts cannot change who may reach the bucket.

    Whoever may write the policy, the ACLs or the encryption of a bucket can take it over, or share it with the world.
    What the policy allows stays as it is; one statement denies the named accounts these rights. Where not the principal
    but a condition names the other account, or everyone is allowed, a person decides. Which accounts an organization,
    a network or an endpoint has is not read: unknown.
    """
    own = _Own(arn, account, acl["Owner"].get("ID", ""))
    cut = in_force("RestrictPublicBuckets", public_access_block, account_public_access_block)
    found = [danger for danger in _dangers(policy, own) if not (cut and danger.who.name == ANYBODY.name)]
    known = sorted({f"{danger.who.name} may do {danger.action}" for danger in found if danger.who.known})
    if not known:
        return undecided(because=_unknown(found)) if found else compliant
    because = "; ".join(known)
    refused = in_force("BlockPublicPolicy", public_access_block, account_public_access_block)
    if refused and any(map(may_be_public, statements(policy))):
        return violation(because=because, guide=_REFUSED)
    if not all(danger.who.principal for danger in found):
        return violation(because=because, guide=_NAME_THEM)
    denied = {
        "Sid": "GoldseamOtherAccounts",
        "Effect": "Deny",
        "Principal": {"AWS": sorted({danger.who.principal for danger in found})},
        "Action": sorted({danger.action for danger in found}),
        "Resource": [arn, f"{arn}/*"],
    }
    return should_be(policy=with_statement(policy, denied), because=because)


_REFUSED: Final = (
    "1. take the statement for everyone out of the policy by hand: S3 takes no policy that is public while public "
    "policies are blocked; 2. repair this"
)
_NAME_THEM: Final = (
    "1. find out who uses these rights, from CloudTrail; 2. name those principals in the statement, without these "
    "actions, or add a statement that denies them with the condition `StringNotEquals aws:PrincipalAccount` and the "
    "account's own number; 3. scan again"
)


def _unknown(found: Sequence[_Danger]) -> str:
    told = sorted({f"{danger.who.name} may do {danger.action}" for danger in found})
    return f"it is not known whether that is another account: {'; '.join(told)}"


class _Own(NamedTuple):
    """What is the bucket's own: its ARN, its account, and the account's canonical user."""

    arn: str
    account: str
    canonical_user: str


class _Danger(NamedTuple):
    """Who of other accounts is allowed which dangerous action."""

    who: Outsider
    action: str


def _dangers(policy: Value, own: _Own) -> Iterator[_Danger]:
    """What the statements of a policy allow others, and none denies them."""
    held = statements(policy)
    for statement in held:
        for who in outsiders(statement, own.account, own.canonical_user):
            for action in _DANGEROUS:
                on = f"{own.arn}/*" if action == _OF_OBJECTS else own.arn
                about = [it for it in held if it.get("Effect") == "Deny" and _covers(it, action, on)]
                if _takes_in(statement, action) and not any(_denied(it, who, own.account) for it in about):
                    left = any(leaves_only_named(it) is not False for it in about)
                    yield _Danger(who if who.principal or not left else who._replace(known=False), action)


def _takes_in(statement: Json, action: str) -> bool:
    if "NotAction" in statement:
        return not covers(statement, "NotAction", action)
    return covers(statement, "Action", action)


def _covers(statement: Json, action: str, on: str) -> bool:
    return covers(statement, "Action", action) and covers(statement, "Resource", on)


def _denied(deny: Json, who: Outsider, account: str) -> bool:
    if denied_to_others(deny, account):
        return True
    if deny.get("Condition") or not who.principal:
        return False
    owner = account_of(who.principal)
    return bool({*named_as("AWS", deny)} & {who.principal, owner, f"{who.principal.rpartition(':')[0]}:root"})


@control(
    "aws.s3.bucket.acls-off",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("s3_bucket_acl_prohibited"),
    covers=("cloudbots:s3_delete_acls",),
    disrupts=may_disrupt(
        "readers whom only the ACL of an object lets in are refused, and so are uploads that set an ACL other than "
        "`bucket-owner-full-control`"
    ),
    compliant=({"ownership": _ENFORCED, "acl": _acl(_OWNER)},),
    violating=(
        Example({"ownership": ABSENT, "acl": _acl(_OWNER)}, leaves={"ownership": _ENFORCED}),
        Example({"ownership": "BucketOwnerPreferred", "acl": _acl(_OWNER)}, leaves={"ownership": _ENFORCED}),
        Example({"ownership": "ObjectWriter", "acl": _acl(_OWNER, _STRANGER)}),
    ),
)
def acls_off(ownership: Value, acl: Value) -> Verdict:
    """Access to the bucket is not given by ACLs.

    With ACLs off the bucket's owner owns every object, and policies alone say who may read it. S3 refuses to switch
    ACLs off while the bucket's own gives rights to others: a person first writes them into the policy.
    """
    if ownership == _ENFORCED:
        return compliant
    because = f"ACLs give access ({'no ownership rule' if ownership is ABSENT else ownership})"
    own = acl["Owner"].get("ID")
    if all(grant["Grantee"].get("ID") == own for grant in acl["Grants"]):
        return should_be(ownership=_ENFORCED, because=because)
    return violation(because=because, guide=_MOVE_GRANTS)


_MOVE_GRANTS: Final = (
    "1. look at the bucket's access control list under Permissions; 2. for each grantee that is not the owner, add a "
    "statement with the same rights to the bucket policy (log delivery: the service principal "
    "`logging.s3.amazonaws.com`); 3. take the grants out of the list; 4. repair this"
)
