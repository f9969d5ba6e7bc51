"""What is public, by a table of cases; each case names the page of AWS's documentation that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from goldseam.clouds.aws.group_rules import atom
from goldseam.clouds.aws.public import (
    FLAGS,
    GROUPS,
    Bucket,
    Way,
    all_of,
    any_of,
    bucket,
    database,
    no,
    policy,
    reached,
    yes,
)
from goldseam.control import Answer
from goldseam.model.values import ABSENT, Json, Unknown, Value

DENIED: Final = Unknown("access denied to look at it (Denied)")
ARN: Final = "arn:aws:s3:::goldseam-example"
READS: Final = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
SENDS: Final = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:SendMessage", "Resource": "*"}

BLOCK: Final = "S3 User Guide: Blocking public access to your Amazon S3 storage"
ACLS: Final = "S3 User Guide: Access control list (ACL) overview"
OWNERSHIP: Final = "S3 User Guide: Controlling ownership of objects and disabling ACLs for your bucket"
WEBSITE: Final = "S3 User Guide: Setting permissions for website access"
KEYS: Final = "IAM User Guide: AWS global condition context keys"
OPERATORS: Final = "IAM User Guide: IAM JSON policy elements: Condition operators"
PRINCIPAL: Final = "IAM User Guide: AWS JSON policy elements: Principal"
GATEWAY: Final = "VPC User Guide: Enable internet access for a VPC using an internet gateway"
RULES: Final = "VPC User Guide: Security group rules"
LISTS: Final = "VPC User Guide: Consolidate and manage network CIDR blocks with managed prefix lists"
HIDING: Final = "RDS User Guide: Hiding a DB instance in a VPC from the internet"
EKS: Final = "EKS User Guide: Cluster API server endpoint"
EFS: Final = "EFS User Guide: Blocking public access to EFS file systems"
SEARCH: Final = "OpenSearch Service Developer Guide: Launching your domains within a VPC"
SNAPSHOT: Final = "EBS User Guide: Share an Amazon EBS snapshot with other AWS accounts"


def document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def where(**block: Json) -> Json:
    """A policy for everyone under a condition; `_` in the name of a key stands for the colon."""
    return document(
        {**READS, "Condition": {op: {k.replace("_", ":"): v for k, v in keys.items()} for op, keys in block.items()}}
    )


def flags(*on: str) -> Json:
    return {flag: flag in on for flag in FLAGS}


def acl(*grants: tuple[str, str]) -> Json:
    groups = [{"Grantee": {"Type": "Group", "URI": uri}, "Permission": right} for uri, right in grants]
    return {
        "Owner": {"ID": "o"},
        "Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "o"}, "Permission": "FULL_CONTROL"}, *groups],
    }


ALL_READ: Final = acl((f"{GROUPS}AllUsers", "READ"))
ANYONE: Final = document(READS)
SITE: Final = {"IndexDocument": {"Suffix": "index.html"}}
ORGANISATION: Final = "o-abcdefghij"

BUCKETS: Final[Sequence[tuple[str, Bucket, bool | None, str]]] = (
    ("nothing is set", Bucket(), False, BLOCK),
    ("a policy for everyone", Bucket(ANYONE), True, BLOCK),
    ("a policy for another account", Bucket(document({**READS, "Principal": {"AWS": "210987654321"}})), False, BLOCK),
    ("a deny for everyone", Bucket(document({**READS, "Effect": "Deny"})), False, BLOCK),
    (
        "everyone but one",
        Bucket(
            document({**{k: v for k, v in READS.items() if k != "Principal"}, "NotPrincipal": {"AWS": "210987654321"}})
        ),
        True,
        BLOCK,
    ),
    ("16: from a VPC endpoint", Bucket(where(StringEquals={"aws_SourceVpce": "vpce-1a2b3c4d"})), False, BLOCK),
    ("16: from an organisation", Bucket(where(StringEquals={"aws_PrincipalOrgID": ORGANISATION})), False, KEYS),
    ("16: by a source account", Bucket(where(StringEquals={"aws_SourceAccount": "123456789012"})), False, BLOCK),
    ("16: the account's block cuts it off", Bucket(ANYONE, account_block=flags("RestrictPublicBuckets")), False, BLOCK),
    ("from a network of one owner", Bucket(where(IpAddress={"aws_SourceIp": "203.0.113.0/24"})), False, BLOCK),
    ("from half of the internet", Bucket(where(IpAddress={"aws_SourceIp": "0.0.0.0/1"})), True, BLOCK),
    ("from a variable endpoint", Bucket(where(StringLike={"aws_SourceVpce": "vpce-*"})), True, BLOCK),
    ("from any but an endpoint", Bucket(where(StringNotEquals={"aws_SourceVpce": "vpce-1a2b3c4d"})), True, OPERATORS),
    (
        "from an endpoint if one is named",
        Bucket(where(StringEqualsIfExists={"aws_SourceVpce": "vpce-1a2b3c4d"})),
        True,
        OPERATORS,
    ),
    ("over TLS only", Bucket(where(Bool={"aws_SecureTransport": "true"})), True, BLOCK),
    ("by a Referer", Bucket(where(StringLike={"aws_Referer": "https://example.com/*"})), True, KEYS),
    (
        "for a distribution",
        Bucket(document({**READS, "Principal": {"Service": "cloudfront.amazonaws.com"}})),
        False,
        PRINCIPAL,
    ),
    ("new public policies are refused", Bucket(ANYONE, block=flags("BlockPublicPolicy")), True, BLOCK),
    ("public buckets are restricted", Bucket(ANYONE, block=flags("RestrictPublicBuckets")), False, BLOCK),
    (
        "ACLs are ignored, the policy is not",
        Bucket(ANYONE, block=flags("BlockPublicAcls", "IgnorePublicAcls")),
        True,
        BLOCK,
    ),
    ("the block is not known", Bucket(ANYONE, block=DENIED), None, BLOCK),
    (
        "one block is not known, the other closes",
        Bucket(ANYONE, block=DENIED, account_block=flags(*FLAGS)),
        False,
        BLOCK,
    ),
    ("the policy is not known", Bucket(DENIED), None, BLOCK),
    ("the policy is not known and would not count", Bucket(DENIED, block=flags("RestrictPublicBuckets")), False, BLOCK),
    ("the policy is not known, the ACL is open", Bucket(DENIED, ALL_READ), True, BLOCK),
    ("an ACL for everyone", Bucket(acl=ALL_READ), True, ACLS),
    ("an ACL for every account", Bucket(acl=acl((f"{GROUPS}AuthenticatedUsers", "READ"))), True, ACLS),
    (
        "an ACL for log delivery",
        Bucket(acl=acl(("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE"))),
        False,
        ACLS,
    ),
    ("everyone may read the ACL itself", Bucket(acl=acl((f"{GROUPS}AllUsers", "READ_ACP"))), True, ACLS),
    ("new public ACLs are refused", Bucket(acl=ALL_READ, block=flags("BlockPublicAcls")), True, BLOCK),
    ("public ACLs are ignored", Bucket(acl=ALL_READ, account_block=flags("IgnorePublicAcls")), False, BLOCK),
    (
        "public buckets are restricted, the ACL is not",
        Bucket(acl=ALL_READ, block=flags("RestrictPublicBuckets")),
        True,
        BLOCK,
    ),
    ("ACLs are off", Bucket(acl=ALL_READ, ownership="BucketOwnerEnforced"), False, OWNERSHIP),
    ("the writer owns objects", Bucket(acl=ALL_READ, ownership="ObjectWriter"), True, OWNERSHIP),
    (
        "ACLs are off and it is not known what they say",
        Bucket(acl=DENIED, ownership="BucketOwnerEnforced"),
        False,
        OWNERSHIP,
    ),
    ("whether ACLs are off is not known", Bucket(acl=ALL_READ, ownership=DENIED), None, OWNERSHIP),
    ("a website that nobody may read", Bucket(website=SITE), False, WEBSITE),
    ("a website that everybody may read", Bucket(ANYONE, website=SITE), True, WEBSITE),
)


def by_variable() -> Json:
    return document({**SENDS, "Condition": {"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}})


VIA: Final = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
FILES: Final = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
DECRYPTS: Final = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}
INVOKES: Final = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*"}
BY_CALLER: Final = {
    "StringEquals": {"kms:CallerAccount": "123456789012", "kms:ViaService": "s3.eu-west-1.amazonaws.com"}
}
VIA_SERVICE: Final = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}

POLICIES: Final[Sequence[tuple[str, Answer, bool | None, str]]] = (
    ("no policy", policy(ABSENT), False, PRINCIPAL),
    (
        "a queue for everyone",
        policy(document(SENDS)),
        True,
        "SQS Developer Guide: Basic examples of Amazon SQS policies",
    ),
    (
        "a queue for one topic",
        policy(
            document({**SENDS, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:t"}}})
        ),
        False,
        KEYS,
    ),
    (
        "a queue for any topic",
        policy(document({**SENDS, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}})),
        True,
        KEYS,
    ),
    (
        "a queue for whoever asks",
        policy(by_variable()),
        True,
        "IAM User Guide: IAM policy elements: Variables and tags",
    ),
    (
        "a topic for its owner",
        policy(document({**SENDS, "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789012"}}})),
        False,
        "SNS Developer Guide: Example cases for Amazon SNS access control",
    ),
    (
        "a key for callers of one account",
        policy(document({**DECRYPTS, "Condition": BY_CALLER})),
        False,
        "KMS Developer Guide: AWS KMS condition keys",
    ),
    (
        "a key for any caller through a service",
        policy(document({**DECRYPTS, "Condition": VIA_SERVICE})),
        True,
        "KMS Developer Guide: AWS KMS condition keys",
    ),
    (
        "a function with an open address",
        policy(document({**INVOKES, "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}})),
        True,
        "Lambda Developer Guide: Control access to Lambda function URLs",
    ),
    (
        "a repository for an organisation's unit",
        policy(
            document(
                {
                    **SENDS,
                    "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANISATION}/r-ab12/*"}},
                }
            )
        ),
        False,
        KEYS,
    ),
    (
        "a vault that denies all but one account",
        policy(
            document(
                SENDS,
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}},
                },
            )
        ),
        False,
        PRINCIPAL,
    ),
    (
        "a secret for a role",
        policy(document({**SENDS, "Principal": {"AWS": "arn:aws:iam::210987654321:role/r"}})),
        False,
        "Secrets Manager User Guide: Resource-based policies",
    ),
    ("a policy that is not known", policy(DENIED), None, PRINCIPAL),
    ("files through a mount target", policy(document({**FILES, "Condition": VIA})), False, EFS),
    ("files for everyone", policy(document(FILES)), True, EFS),
)

OPEN: Final = [atom("0.0.0.0/0", "tcp", 443)]
OPEN6: Final = [atom("::/0", "tcp", 443)]
INSIDE: Final = [atom("10.0.0.0/8", "tcp", 443), atom("sg-1", "-1")]


def v4(address: str | Unknown = "198.51.100.7", gateway: str | Unknown = "igw-1", ingress: Value = OPEN) -> Way:
    return Way("IPv4", address, gateway, ingress)


def v6(address: str = "2001:db8::7", gateway: str = "igw-1", ingress: Value = OPEN6) -> Way:
    return Way("IPv6", address, gateway, ingress)


NETWORKS: Final[Sequence[tuple[str, Answer, bool | None, str]]] = (
    ("address, route and rule", reached([v4()]), True, GATEWAY),
    ("no address", reached([v4(address="")]), False, GATEWAY),
    ("no route", reached([v4(gateway="")]), False, GATEWAY),
    ("no rule", reached([v4(ingress=INSIDE)]), False, RULES),
    ("no group", reached([v4(ingress=[])]), False, RULES),
    ("a rule of the other family", reached([v4(ingress=OPEN6)]), False, RULES),
    ("by the other family", reached([v4(address=""), v6()]), True, GATEWAY),
    ("nothing at all", reached([]), False, GATEWAY),
    ("the route is not known", reached([v4(gateway=DENIED)]), None, GATEWAY),
    ("the route is not known, and no rule", reached([v4(gateway=DENIED, ingress=INSIDE)]), False, RULES),
    ("the rules are not known, and no address", reached([v4(address="", ingress=DENIED)]), False, GATEWAY),
    (
        "two halves of the internet",
        reached([v4(ingress=[atom("0.0.0.0/1", "-1"), atom("128.0.0.0/1", "-1")])]),
        True,
        RULES,
    ),
    ("a prefix list", reached([v4(ingress=[atom("pl-1", "tcp", 443)])]), None, LISTS),
    ("a public database", database(True, [v4()]), True, HIDING),
    ("a private database", database(False, [v4(address=DENIED, gateway=DENIED, ingress=DENIED)]), False, HIDING),
    ("a public database behind a group", database(True, [v4(ingress=INSIDE)]), False, HIDING),
    ("a database that may be public", database(DENIED, [v4()]), None, HIDING),
)

CASES: Final = (*((name, bucket(held), expected, page) for name, held, expected, page in BUCKETS), *POLICIES, *NETWORKS)


@pytest.mark.parametrize(("answer", "expected", "page"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_public(answer: Answer, expected: bool | None, page: str) -> None:
    assert page
    if expected is None:
        assert isinstance(answer, Unknown)
        assert answer.reason
    else:
        assert not isinstance(answer, Unknown)
        assert answer.value is expected
        assert answer.evidence
        assert all(answer.evidence)


def test_the_evidence_names_what_opens_and_what_closes() -> None:
    opened, closed = bucket(Bucket(ANYONE, ALL_READ)), bucket(Bucket(ANYONE, block=flags("RestrictPublicBuckets")))
    assert opened == yes(
        "by the bucket policy, a statement without Sid allows everyone s3:GetObject",
        "by the control list, AllUsers has READ",
    )
    assert closed == no(
        "public access is cut off by RestrictPublicBuckets", "the control list grants nothing to everyone"
    )


def test_what_does_not_matter_may_be_unknown() -> None:
    assert any_of(DENIED, yes("a")) == yes("a")
    assert all_of(DENIED, no("b")) == no("b")
    assert any_of(no("a"), DENIED) == all_of(yes("a"), DENIED) == DENIED
    assert any_of(no("a"), no("b")) == no("a", "b")


def test_peers_16_public_honours_conditions_and_blocks() -> None:
    held = [answer for name, answer, _, _ in CASES if name.startswith("16:")]
    assert len(held) == 4
    assert all(not isinstance(answer, Unknown) and answer.value is False for answer in held)
