from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.clouds.aws.statements import (
    closed,
    covers,
    is_public,
    label,
    refuses_plain_http,
    sorted_out,
    with_statement,
    without_public,
)
from goldseam.model.values import ABSENT, Json, same

ACCOUNT = "arn:aws:iam::123456789012:root"
ORG = "o-a1b2c3d4e5"


def allow(principal: Json = "*", condition: Json = None, **more: Json) -> Json:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    return {**statement, **({"Condition": condition} if condition is not None else {}), **more}


def equals(key: str, *values: Json, operator: str = "StringEquals") -> Json:
    return {operator: {key: values[0] if len(values) == 1 else list(values)}}


def everyone_but(*spared: str) -> Json:
    statement = allow(NotPrincipal={"AWS": list(spared)})
    del statement["Principal"]
    return statement


PUBLIC = {
    "the star": allow(),
    "the star of AWS": allow({"AWS": "*"}),
    "the star in a list": allow({"AWS": ["*"]}),
    "the star beside an account": allow({"AWS": [ACCOUNT, "*"]}),
    "the star beside a service": allow({"Service": "sns.amazonaws.com", "AWS": "*"}),
    "any account": allow({"AWS": "arn:aws:iam::*:root"}),
    "any service": allow({"Service": "*"}),
    "everyone but one": everyone_but(ACCOUNT),
    "all but some actions": {"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": "*"},
    "an empty condition": allow(condition={}),
    "TLS asked for": allow(condition={"Bool": {"aws:SecureTransport": "true"}}),
    "a referer": allow(condition=equals("aws:Referer", "https://example.com/*", operator="StringLike")),
    "a user agent": allow(condition=equals("aws:UserAgent", "secret")),
    "a user name, which any account can have": allow(condition=equals("aws:username", "bob")),
    "a tag, which any account can set": allow(condition=equals("aws:PrincipalTag/team", "web")),
    "a private address of any VPC": allow(condition=equals("aws:VpcSourceIp", "10.0.0.5", operator="IpAddress")),
    "a prefix": allow(condition=equals("s3:prefix", "public/", operator="StringLike")),
    "any source account": allow(condition=equals("aws:SourceAccount", "*", operator="StringLike")),
    "part of an account": allow(condition=equals("aws:SourceAccount", "1234*", operator="StringLike")),
    "no source account": allow(condition={"StringEquals": {"aws:SourceAccount": []}}),
    "an empty source account": allow(condition=equals("aws:SourceAccount", "")),
    "the caller's own account": allow(condition=equals("aws:SourceAccount", "${aws:PrincipalAccount}")),
    "one account or any": allow(condition=equals("aws:SourceAccount", "123456789012", "*", operator="StringLike")),
    "all accounts but one": allow(condition=equals("aws:SourceAccount", "123456789012", operator="StringNotEquals")),
    "an account if there is one": allow(
        condition=equals("aws:SourceAccount", "123456789012", operator="StringEqualsIfExists")
    ),
    "all of no organisation": allow(condition=equals("aws:PrincipalOrgID", ORG, operator="ForAllValues:StringEquals")),
    "any organisation": allow(condition=equals("aws:PrincipalOrgID", "o-*", operator="StringLike")),
    "some organisation": allow(condition={"Null": {"aws:PrincipalOrgID": "false"}}),
    "any topic": allow(condition=equals("aws:SourceArn", "arn:aws:sns:*:*:*", operator="ArnLike")),
    "any source": allow(condition=equals("aws:SourceArn", "*", operator="ArnLike")),
    "a bucket that the caller names": allow(
        condition=equals("aws:SourceArn", "arn:aws:s3:::${aws:PrincipalAccount}", operator="ArnLike")
    ),
    "any bucket of a name": allow(condition=equals("aws:SourceArn", "arn:aws:s3:::b*", operator="ArnLike")),
    "roles of a name": allow(condition=equals("aws:PrincipalArn", "arn:aws:iam::*:role/x", operator="ArnLike")),
    "the world by address": allow(condition=equals("aws:SourceIp", "0.0.0.0/0", operator="IpAddress")),
    "the world of IPv6": allow(condition=equals("aws:SourceIp", "::/0", operator="IpAddress")),
    "the world in two halves": allow(
        condition=equals("aws:SourceIp", "0.0.0.0/1", "128.0.0.0/1", operator="IpAddress")
    ),
    "a range and the world": allow(condition=equals("aws:SourceIp", "10.0.0.0/8", "0.0.0.0/0", operator="IpAddress")),
    "not an address": allow(condition=equals("aws:SourceIp", "office", operator="IpAddress")),
    "all addresses but some": allow(condition=equals("aws:SourceIp", "192.0.2.0/24", operator="NotIpAddress")),
    "any endpoint": allow(condition=equals("aws:SourceVpce", "vpce-*", operator="StringLike")),
    "a KMS service for any account": allow(condition=equals("kms:ViaService", "s3.eu-west-1.amazonaws.com")),
    "any session of a name": allow(condition=equals("aws:userid", "*:bob", operator="StringLike")),
}
CLOSED = {
    "a deny": {**allow(), "Effect": "Deny"},
    "an account": allow({"AWS": ACCOUNT}),
    "an account by number": allow({"AWS": "123456789012"}),
    "a service": allow({"Service": "cloudtrail.amazonaws.com"}),
    "a canonical user": allow({"CanonicalUser": "75aa57f09aa0c8ca"}),
    "nobody": allow({"AWS": []}),
    "a source account": allow(condition=equals("aws:SourceAccount", "123456789012")),
    "a source account, key in small letters": allow(condition=equals("aws:sourceaccount", "123456789012")),
    "a source account as a number": allow(condition=equals("aws:SourceAccount", 123456789012)),
    "two source accounts": allow(condition=equals("aws:SourceAccount", "123456789012", "210987654321")),
    "a source owner": allow(condition=equals("AWS:SourceOwner", "123456789012")),
    "a principal's account": allow(condition=equals("aws:PrincipalAccount", "123456789012")),
    "a principal": allow(condition=equals("aws:PrincipalArn", "arn:aws:iam::123456789012:role/*", operator="ArnLike")),
    "an organisation": allow(condition=equals("aws:PrincipalOrgID", ORG)),
    "a unit": allow(condition=equals("aws:PrincipalOrgPaths", f"{ORG}/r-1/ou-1/*", operator="ForAnyValue:StringLike")),
    "a source organisation": allow(condition=equals("aws:SourceOrgID", ORG)),
    "a VPC": allow(condition=equals("aws:SourceVpc", "vpc-0a1b2c3d")),
    "an endpoint": allow(condition=equals("aws:SourceVpce", "vpce-0a1b2c3d", operator="StringLike")),
    "an endpoint's account": allow(condition=equals("aws:VpceAccount", "123456789012")),
    "a distribution": allow(condition=equals("aws:SourceArn", "arn:aws:cloudfront::123456789012:distribution/E1")),
    "any topic of an account": allow(
        condition=equals("aws:SourceArn", "arn:aws:sns:*:123456789012:*", operator="ArnLike")
    ),
    "a bucket": allow(condition=equals("aws:SourceArn", "arn:aws:s3:::b", operator="ArnLike")),
    "an office": allow(condition=equals("aws:SourceIp", "192.0.2.0/24", operator="IpAddress")),
    "one address": allow(condition=equals("aws:SourceIp", "192.0.2.7", operator="IpAddress")),
    "private addresses": allow(condition=equals("aws:SourceIp", "10.0.0.0/8", operator="IpAddress")),
    "a site of IPv6": allow(condition=equals("aws:SourceIp", "2001:db8::/32", operator="IpAddress")),
    "a caller of KMS": allow(condition=equals("kms:CallerAccount", "123456789012")),
    "a role by unique id": allow(condition=equals("aws:userid", "AROAEXAMPLEID12345:*", operator="StringLike")),
    "an access point's account": allow(condition=equals("s3:DataAccessPointAccount", "123456789012")),
    "an account that must be there": allow(
        condition={
            "StringEqualsIfExists": {"aws:SourceAccount": "123456789012"},
            "Null": {"aws:SourceAccount": "false"},
        }
    ),
    "TLS and an organisation": allow(
        condition={"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:PrincipalOrgID": ORG}}
    ),
    "the world and an organisation": allow(
        condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}, "StringEquals": {"aws:PrincipalOrgID": ORG}}
    ),
}


@pytest.mark.parametrize("statement", PUBLIC.values(), ids=PUBLIC.keys())
def test_peers_16_public(statement: Json) -> None:
    assert is_public(statement)


@pytest.mark.parametrize("statement", CLOSED.values(), ids=CLOSED.keys())
def test_peers_16_not_public(statement: Json) -> None:
    assert not is_public(statement)


def deny(condition: Json = None, **more: Json) -> Json:
    held = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}
    return {**held, **({"Condition": condition} if condition is not None else {}), **more}


def everyone_else(spared: str, condition: Json = None) -> Json:
    return {key: value for key, value in deny(condition, NotPrincipal={"AWS": spared}).items() if key != "Principal"}


OUTSIDE = equals("aws:SourceVpce", "vpce-0a1b2c3d", operator="StringNotEquals")
SHUTTING = {
    "all but an endpoint": deny(OUTSIDE),
    "all but an office": deny(equals("aws:SourceIp", "192.0.2.0/24", operator="NotIpAddress")),
    "all but an organisation and AWS": deny(
        {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        }
    ),
    "everyone": deny(),
    "everyone but an account": everyone_else(ACCOUNT),
    "this action on everything": deny(OUTSIDE, Action="S3:Get*", Resource="*"),
    "all but some actions": {
        key: value for key, value in deny(OUTSIDE, NotAction="s3:PutObject").items() if key != "Action"
    },
}
NOT_SHUTTING = {
    "plain HTTP": deny({"Bool": {"aws:SecureTransport": "false"}}),
    "another action": deny(OUTSIDE, Action="s3:PutObject"),
    "another resource": deny(OUTSIDE, Resource="arn:aws:s3:::b/private/*"),
    "an account": deny(OUTSIDE, Principal={"AWS": ACCOUNT}),
    "all but the world": deny(equals("aws:SourceIp", "0.0.0.0/0", operator="NotIpAddress")),
    "outside, and over plain HTTP": deny({**OUTSIDE, "Bool": {"aws:SecureTransport": "false"}}),
    "an endpoint": deny(equals("aws:SourceVpce", "vpce-0a1b2c3d")),
    "the signed who are not AWS": deny({"Bool": {"aws:PrincipalIsAWSService": "false"}}),
    "all but this action": {
        key: value for key, value in deny(OUTSIDE, NotAction="s3:GetObject").items() if key != "Action"
    },
    "everyone but an account, over plain HTTP": everyone_else(ACCOUNT, {"Bool": {"aws:SecureTransport": "false"}}),
    "everyone but everyone": everyone_else("*"),
    "any of no values": deny(equals("aws:PrincipalOrgID", ORG, operator="ForAnyValue:StringNotEquals")),
}


@pytest.mark.parametrize("beside", SHUTTING.values(), ids=SHUTTING.keys())
def test_a_deny_that_leaves_over_only_the_named_closes_what_is_public(beside: Json) -> None:
    assert not is_public(allow(), [allow(), beside])
    assert same(without_public({"Statement": [allow(), beside]}), {"Statement": [allow(), beside]})


@pytest.mark.parametrize("beside", NOT_SHUTTING.values(), ids=NOT_SHUTTING.keys())
def test_a_deny_that_leaves_over_strangers_closes_nothing(beside: Json) -> None:
    assert is_public(allow(), [allow(), beside])


def test_an_allow_without_action_is_only_shut_by_a_deny_of_everything() -> None:
    broad = {"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}
    assert is_public(broad, [deny(OUTSIDE)])
    assert not is_public(broad, [deny(OUTSIDE, Action="*")])


def test_peers_03_only_the_public_statement_goes() -> None:
    named = allow(
        {"Service": "cloudfront.amazonaws.com"}, equals("aws:SourceArn", "arn:aws:cloudfront::123456789012:d/E")
    )
    tls = deny({"Bool": {"aws:SecureTransport": "false"}})
    policy = {"Version": "2012-10-17", "Id": "mine", "Statement": [tls, allow(), named, allow(Sid="Site")]}
    assert without_public(policy) == {"Version": "2012-10-17", "Id": "mine", "Statement": [tls, named]}
    assert len(sorted_out(policy).public) == 2


def test_nothing_left_is_no_policy() -> None:
    assert without_public({"Version": "2012-10-17", "Statement": [allow()]}) is ABSENT
    assert without_public({"Statement": allow()}) is ABSENT
    assert without_public(ABSENT) is ABSENT


@pytest.mark.parametrize(
    ("statement", "parts"),
    [
        (allow(), []),
        (everyone_but(ACCOUNT), []),
        (allow({"AWS": ["*", ACCOUNT]}, Sid="S"), [allow({"AWS": [ACCOUNT]}, Sid="S")]),
        (
            allow({"AWS": "*", "Service": "sns.amazonaws.com"}),
            [allow({"Service": "sns.amazonaws.com"})],
        ),
        (
            allow(condition=equals("aws:SourceIp", "0.0.0.0/0", "10.0.0.0/8", operator="IpAddress"), Sid="S"),
            [allow(condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}, Sid="S")],
        ),
        (
            allow({"AWS": ["*", ACCOUNT]}, equals("aws:SourceAccount", "*", "123456789012"), Sid="S"),
            [
                allow({"AWS": [ACCOUNT]}, equals("aws:SourceAccount", "*", "123456789012"), Sid="S"),
                allow("*", {"StringEquals": {"aws:SourceAccount": ["123456789012"]}}),
            ],
        ),
        (allow(condition=equals("aws:SourceAccount", "*", "123456789012", operator="StringLikeIfExists")), []),
        (
            allow(
                condition={
                    "IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "10.0.0.0/8"]},
                    "StringLike": {"aws:SourceAccount": ["*", "123456789012"]},
                }
            ),
            [
                allow(
                    condition={
                        "IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]},
                        "StringLike": {"aws:SourceAccount": ["*", "123456789012"]},
                    }
                )
            ],
        ),
    ],
)
def test_only_everyone_is_taken_out_of_a_statement(statement: Json, parts: list[Json]) -> None:
    before = json.dumps(statement)
    assert list(closed(statement)) == parts
    assert not any(is_public(part) for part in parts)
    assert json.dumps(statement) == before


def test_a_statement_is_added_once_and_under_a_sid_of_its_own() -> None:
    added = {**deny(), "Sid": "Tls"}
    policy = with_statement(ABSENT, added)
    assert policy == {"Version": "2012-10-17", "Statement": [added]}
    assert with_statement(policy, added) == policy
    assert with_statement(policy, {**added, "Sid": "Other"}) == policy
    other = {**added, "Action": "s3:GetObject"}
    twice = with_statement(with_statement(policy, other), {**added, "Action": "s3:PutObject"})
    assert [item["Sid"] for item in twice["Statement"]] == ["Tls", "Tls2", "Tls3"]
    old = with_statement({"Version": "2008-10-17", "Id": "x", "Statement": [allow()]}, added)
    assert old == {"Version": "2008-10-17", "Id": "x", "Statement": [allow(), added]}


def test_the_refusal_of_plain_http_is_one_that_spares_nobody() -> None:
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    assert refuses_plain_http(deny(plain))
    assert refuses_plain_http(deny({"BoolIfExists": {"AWS:SecureTransport": [False]}}))
    assert not refuses_plain_http(deny())
    assert not refuses_plain_http(deny({"Bool": {"aws:SecureTransport": "true"}}))
    assert not refuses_plain_http(deny({**plain, **OUTSIDE}))
    assert not refuses_plain_http(deny(plain, Principal={"AWS": ACCOUNT}))
    assert not refuses_plain_http({**deny(plain), "Effect": "Allow"})


@pytest.mark.parametrize(
    ("held", "wanted", "answer"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b*", "arn:aws:s3:::b/*", True),
        ("*", "arn:aws:s3:::b", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/*", False),
        ("arn:aws:s3:::b/a*", "arn:aws:s3:::b/*", False),
        ("arn:aws:s3:::${aws:username}", "arn:aws:s3:::b", False),
        ("ARN:AWS:S3:::B", "arn:aws:s3:::b", False),
    ],
)
def test_one_pattern_takes_in_another(held: str, wanted: str, answer: bool) -> None:
    assert covers({"Resource": ["arn:aws:s3:::other", held]}, "Resource", wanted) is answer


def test_a_statement_is_named_by_what_it_allows() -> None:
    assert label(allow(Sid="Site")) == "statement `Site` allows everyone s3:GetObject"
    assert label(allow(Action=["a:b", "a:c"])) == "a statement without Sid allows everyone a:b, a:c"
    assert label({"NotAction": "a:b"}) == "a statement without Sid allows everyone all but a:b"


ANY_STATEMENT = st.sampled_from([*PUBLIC.values(), *CLOSED.values(), *SHUTTING.values(), *NOT_SHUTTING.values()])


@given(st.lists(ANY_STATEMENT, max_size=6))
def test_what_is_left_is_not_public_and_is_left_alone(held: list[Json]) -> None:
    policy = {"Version": "2012-10-17", "Statement": held}
    left = without_public(policy)
    assert sorted_out(left).public == []
    assert same(without_public(left), left)
    kept = [] if left is ABSENT else left["Statement"]
    assert [item for item in held if not is_public(item, held)] == [item for item in kept if item in held]


PATTERN = st.text("ab*:", max_size=6)


@given(PATTERN, st.text("ab:", max_size=8))
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern: str, wanted: str) -> None:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert covers({"Resource": pattern}, "Resource", wanted) is bool(re.fullmatch(expression, wanted))


NAMES = st.lists(st.sampled_from(["*", "a*", "ab*", "a*b", "ab", "b", "*b", "abab", ""]), min_size=1, max_size=2)
ACTIONS = st.lists(st.sampled_from(["*", "S3:*", "s3:Get*", "s3:getobject", "s3:GetObject"]), min_size=1, max_size=2)


@given(st.lists(st.tuples(ACTIONS, NAMES), max_size=5), st.lists(st.tuples(ACTIONS, NAMES), max_size=5))
def test_denials_found_by_their_resources_are_those_that_each_allowance_is_held_against(
    allowed: list[tuple[list[str], list[str]]], denied: list[tuple[list[str], list[str]]]
) -> None:
    allows = [allow(Action=actions, Resource=resources) for actions, resources in allowed]
    denies = [deny(OUTSIDE, Action=actions, Resource=resources) for actions, resources in denied]

    def closes(beside: Json, held: Json) -> bool:
        return all(covers(beside, member, held[member]) for member in ("Action", "Resource"))

    def closed(held: Json) -> bool:
        pairs = [{"Action": action, "Resource": on} for action in held["Action"] for on in held["Resource"]]
        return all(any(closes(beside, pair) for beside in denies) for pair in pairs)

    expected = [held for held in allows if not closed(held)]
    assert sorted_out({"Statement": [*denies, *allows]}).public == expected
