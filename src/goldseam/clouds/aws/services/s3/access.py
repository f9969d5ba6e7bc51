"""Who may reach a bucket: its policy, its access control list, and the block above both."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.public import FLAGS, GROUPS, effective_grants, effective_statements, granting, in_force
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.s3.bucket import BUCKET, NO_BLOCKS, with_all_flags
from goldseam.clouds.aws.statements import label, policy_document, verdict_on_public, without_public
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_ONE_WAY: Final = (
    "the block on public policies would refuse to put the policy back; repair `aws.s3.bucket.public-access-blocked`, "
    "which closes the bucket and can be taken back, or edit the policy by hand"
)
CLOSES: Final = may_disrupt(
    "whoever reads or writes the bucket without credentials is refused: browsers, links, downloads, a CDN's origin",
    unless={"serves_website": False, "cloudfront_origin": False},
)

# What the examples are made of

_ARN: Final = "arn:aws:s3:::goldseam-example"
_DISTRIBUTION: Final = "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE"
_ANYONE_READS: Final = {
    "Sid": "Website",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"{_ARN}/*",
}
_ANYONE_LISTS: Final = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["s3:ListBucket"], "Resource": [_ARN]}
_CLOUDFRONT_READS: Final = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": f"{_ARN}/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": _DISTRIBUTION}},
}
_ENDPOINT_READS: Final = {**_ANYONE_READS, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}}
_SEVERAL_READ: Final = {**_ANYONE_READS, "Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}}


_DENIED: Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [_ARN, f"{_ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _block(**flags: bool) -> Json:
    return {flag: flags.get(flag, not flags) for flag in FLAGS}


_OWNER: Final = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"
_OWNS: Final = {"Grantee": {"Type": "CanonicalUser", "ID": _OWNER}, "Permission": "FULL_CONTROL"}
_LOGS: Final = {
    "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"},
    "Permission": "WRITE",
}


def _granted(group: str, permission: str) -> Json:
    return {"Grantee": {"Type": "Group", "URI": f"{GROUPS}{group}"}, "Permission": permission}


def _acl(*grants: Json) -> Json:
    return {"Owner": {"ID": _OWNER}, "Grants": list(grants)}


@control(
    "aws.s3.bucket.policy-not-public",
    BUCKET,
    severity=Severity.CRITICAL,
    maps=required("s3_bucket_public_access", "s3_bucket_policy_public_write_access"),
    covers=(
        "seed:bucketAllUsersPolicy",
        "prowler:s3_bucket_policy_public_write_access",
        "prowler:s3_bucket_public_access",
        "cloudbots:s3_delete_permissions",
    ),
    disrupts=CLOSES,
    compliant=(
        {**NO_BLOCKS, "policy": ABSENT},
        {**NO_BLOCKS, "policy": policy_document(_DENIED, _CLOUDFRONT_READS, _ENDPOINT_READS)},
        {
            **NO_BLOCKS,
            "policy": policy_document(_ANYONE_READS),
            "public_access_block": _block(RestrictPublicBuckets=True),
        },
        {**NO_BLOCKS, "policy": policy_document(_ANYONE_READS), "account_public_access_block": _block()},
    ),
    violating=(
        Example({**NO_BLOCKS, "policy": policy_document(_ANYONE_READS)}, leaves={"policy": ABSENT}),
        Example(
            {**NO_BLOCKS, "policy": policy_document(_DENIED, _ANYONE_READS, _CLOUDFRONT_READS, _ANYONE_LISTS)},
            leaves={"policy": policy_document(_DENIED, _CLOUDFRONT_READS)},
        ),
        Example(
            {**NO_BLOCKS, "policy": policy_document(_SEVERAL_READ)},
            leaves={
                "policy": policy_document({**_SEVERAL_READ, "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]}})
            },
        ),
        {
            "policy": policy_document(_ANYONE_READS),
            "public_access_block": _block(BlockPublicPolicy=True),
            "account_public_access_block": ABSENT,
        },
    ),
)
def policy_not_public(policy: Value, public_access_block: Value, account_public_access_block: Value) -> Verdict:
    """The bucket policy allows nothing to everyone.

    A statement for everyone opens the data to anyone who learns the bucket's name. A statement that a condition ties
    to an account, an organisation, a VPC endpoint or an address range is not for everyone; nor is any while the
    bucket or its account restricts public buckets. Only what is for everyone is taken out of the policy; where the
    block refuses public policies that could not be taken back, so a person decides.
    """
    public, unknown = effective_statements(policy, public_access_block, account_public_access_block)
    found = list(map(label, public))
    if found and in_force("BlockPublicPolicy", public_access_block, account_public_access_block):
        return violation(because="; ".join(found), guide=_ONE_WAY)
    return verdict_on_public(found, unknown, lambda: without_public(policy), "policy")


@control(
    "aws.s3.bucket.acl-not-public",
    BUCKET,
    severity=Severity.CRITICAL,
    maps=required("s3_bucket_public_access", "s3_bucket_public_list_acl", "s3_bucket_public_write_acl"),
    covers=("seed:bucketAllUsersAcl", "prowler:s3_bucket_public_list_acl", "prowler:s3_bucket_public_write_acl"),
    disrupts=CLOSES,
    compliant=(
        {**NO_BLOCKS, "acl": _acl(_OWNS)},
        {**NO_BLOCKS, "acl": _acl(_OWNS, _LOGS)},
        {**NO_BLOCKS, "acl": _acl(_OWNS, _granted("AllUsers", "READ")), "account_public_access_block": _block()},
    ),
    violating=(
        Example({**NO_BLOCKS, "acl": _acl(_OWNS, _granted("AllUsers", "READ"))}, leaves={"acl": _acl(_OWNS)}),
        Example(
            {
                **NO_BLOCKS,
                "acl": _acl(_LOGS, _granted("AuthenticatedUsers", "WRITE"), _OWNS, _granted("AllUsers", "READ_ACP")),
            },
            leaves={"acl": _acl(_OWNS, _LOGS)},
        ),
        Example(
            {
                "acl": _acl(_OWNS, _granted("AllUsers", "READ")),
                "public_access_block": _block(BlockPublicAcls=True),
                "account_public_access_block": ABSENT,
            },
            leaves={"public_access_block": _block(BlockPublicAcls=True, IgnorePublicAcls=True)},
        ),
    ),
)
def acl_not_public(acl: Value, public_access_block: Value, account_public_access_block: Value) -> Verdict:
    """The bucket's access control list grants nothing to everyone.

    Such a grant lists, overwrites or re-shares the bucket for anyone, with an AWS account or without. Grants to the
    owner, to other accounts and to log delivery stay. Where ACLs are disabled (Object Ownership: bucket owner
    enforced) AWS shows the owner's grant alone, and where public ACLs are ignored none has effect: both pass. Where
    the block refuses public ACLs, a grant that is taken away could not be put back, so it is made without effect.
    """
    public = effective_grants(acl, public_access_block, account_public_access_block)
    if not public:
        return compliant
    because = "; ".join(map(granting, public))
    if in_force("BlockPublicAcls", public_access_block, account_public_access_block):
        held = {} if public_access_block is ABSENT else public_access_block
        return should_be(public_access_block=with_all_flags({**held, "IgnorePublicAcls": True}), because=because)
    kept = [grant for grant in acl["Grants"] if grant not in public]
    return should_be(acl={**acl, "Grants": kept}, because=because)


@control(
    "aws.s3.bucket.public-access-blocked",
    BUCKET,
    severity=Severity.HIGH,
    maps=required("s3_bucket_level_public_access_block"),
    covers=("security-hub:S3.2", "security-hub:S3.3", "security-hub:S3.8", "cloudbots:s3_block_all_public_access"),
    disrupts=CLOSES,
    compliant=(
        {"public_access_block": _block(), "account_public_access_block": ABSENT},
        {"public_access_block": ABSENT, "account_public_access_block": _block()},
        {
            "public_access_block": _block(BlockPublicAcls=True, IgnorePublicAcls=True),
            "account_public_access_block": _block(BlockPublicPolicy=True, RestrictPublicBuckets=True),
        },
    ),
    violating=(
        Example(NO_BLOCKS, leaves={"public_access_block": _block()}),
        Example(
            {"public_access_block": _block(BlockPublicAcls=True), "account_public_access_block": ABSENT},
            leaves={"public_access_block": _block()},
        ),
        Example(
            {
                "public_access_block": ABSENT,
                "account_public_access_block": _block(BlockPublicAcls=True, IgnorePublicAcls=True),
            },
            leaves={"public_access_block": _block(BlockPublicPolicy=True, RestrictPublicBuckets=True)},
        ),
    ),
)
def public_access_blocked(public_access_block: Value, account_public_access_block: Value) -> Verdict:
    """Public access to the bucket is blocked, by the bucket or by its account.

    The block holds whatever a policy or an ACL says later, by mistake or by a stranger. Only flags that neither the
    bucket nor the account has are set.
    """
    lacking = [flag for flag in FLAGS if not in_force(flag, public_access_block, account_public_access_block)]
    if not lacking:
        return compliant
    held = {} if public_access_block is ABSENT else public_access_block
    wanted = with_all_flags({**held, **dict.fromkeys(lacking, True)})
    return should_be(public_access_block=wanted, because=f"{', '.join(lacking)} not set")
