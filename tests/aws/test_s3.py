from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from goldseam.assess.evaluate import evaluate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.services import s3
from goldseam.control import Catalog, Compliant, Example, ShouldBe, Violation
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, same
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, left, operations, parameters, planned, verdict
from tests.aws.live import known, live

CONTROLS = Catalog.of([s3]).controls
CLOSING = (
    s3.acl_not_public,
    s3.encrypted,
    s3.encrypted_with_kms,
    s3.policy_not_public,
    s3.public_access_blocked,
    s3.tls_only,
    s3.versioned,
)
ARN = "arn:aws:s3:::goldseam-example"
EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
CLOUDFRONT = {
    "Sid": "Cdn",
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1"}},
}
ALL_FLAGS = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
OPEN = {"public_access_block": ABSENT, "account_public_access_block": ABSENT}


def document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def test_the_rows_of_the_seed_are_all_there() -> None:
    rows = {row.removeprefix("seed:") for control in CONTROLS for row in control.covers if row.startswith("seed:")}
    assert rows == {
        "bucketEncryptionInTransit",
        "bucketAllUsersPolicy",
        "bucketAllUsersAcl",
        "bucketVersioning",
        "bucketEncryption",
    }


def test_peers_03_a_bucket_policy_loses_only_its_public_statement() -> None:
    example = Example({**OPEN, "policy": document(EVERYONE, TLS, CLOUDFRONT)})
    plan = planned(s3.policy_not_public, example)
    assert operations(plan) == ["s3.PutBucketPolicy"]
    assert json.loads(parameters(plan)[0]["Policy"]) == document(TLS, CLOUDFRONT)
    assert [permission.action for permission in plan.permissions] == ["s3:PutBucketPolicy"]


def test_peers_16_the_blocks_of_bucket_and_account_decide_whether_it_is_public() -> None:
    policy = {"policy": document(EVERYONE)}
    grants = {"acl": {"Owner": {"ID": "o"}, "Grants": [
        {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}
    ]}}  # fmt: skip
    for place in OPEN:
        for flag in ALL_FLAGS:
            blocks = {**OPEN, place: {flag: True}}
            closed = isinstance(verdict(s3.policy_not_public, Example({**policy, **blocks})), Compliant)
            assert closed is (flag == "RestrictPublicBuckets"), (place, flag)
            closed = isinstance(verdict(s3.acl_not_public, Example({**grants, **blocks})), Compliant)
            assert closed is (flag == "IgnorePublicAcls"), (place, flag)


@pytest.mark.parametrize("place", OPEN)
def test_what_s3_would_refuse_to_put_or_to_put_back_is_left_to_a_person(place: str) -> None:
    blocks = {**OPEN, place: {"BlockPublicPolicy": True}}
    public = Example({**blocks, "policy": document(EVERYONE), "arn": ARN})
    resource = as_read(s3.tls_only, public)
    for control in (s3.tls_only, s3.policy_not_public):
        found = verdict(control, public)
        assert isinstance(found, Violation)
        assert "put" in found.guide
        with pytest.raises(PlanRefused, match="has no fix"):
            propose(resource, [control], CONTROLS)
    plan = propose(as_read(s3.tls_only, Example({**public.facets, **OPEN})), [s3.tls_only], CONTROLS)
    assert json.loads(parameters(plan)[0]["Policy"]) == document(EVERYONE, {**TLS, "Sid": "GoldseamTlsOnly"})


def test_s3_does_not_hold_a_deny_beside_it_against_a_public_statement() -> None:
    denied = {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "*",
              "Resource": "*"}  # fmt: skip
    facets = {**OPEN, "public_access_block": {"BlockPublicPolicy": True}, "arn": ARN}
    shut = Example({**facets, "policy": document(EVERYONE, denied)})
    assert isinstance(verdict(s3.policy_not_public, shut), Compliant)
    assert isinstance(verdict(s3.tls_only, shut), Violation)


def test_a_block_on_public_policies_does_not_keep_tls_from_a_policy_that_is_not_public() -> None:
    blocks = {**OPEN, "public_access_block": ALL_FLAGS}
    plan = planned(s3.tls_only, Example({**blocks, "policy": document(CLOUDFRONT), "arn": ARN}))
    assert operations(plan) == ["s3.PutBucketPolicy"]


def test_peers_17_a_block_that_cannot_be_read_makes_the_finding_unknown() -> None:
    example = as_read(s3.policy_not_public, Example({**OPEN, "policy": document(EVERYONE)}))
    denied = Resource(example.ref, {**example.facets, "account_public_access_block": Unknown("access denied")})
    assert [finding.status for finding in evaluate(denied, [s3.policy_not_public])] == ["unknown"]


def test_peers_11_the_chosen_key_is_the_key_in_the_call() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
    plan = planned(s3.encrypted_with_kms, Example({"encryption": ABSENT}, settings={"kms_key": key}))
    rule = parameters(plan)[0]["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}


def test_what_else_the_rule_of_encryption_says_stays() -> None:
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    fixed = left(s3.encrypted_with_kms, Example({"encryption": {"Rules": [rule]}}), "encryption")
    assert fixed["Rules"][0]["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_a_condition_loses_only_the_value_that_is_the_world() -> None:
    half = {**EVERYONE, "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "192.0.2.0/24"]}}}
    fixed = left(s3.policy_not_public, Example({**OPEN, "policy": document(TLS, half)}), "policy")
    narrow = {**EVERYONE, "Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}}
    assert fixed == document(TLS, narrow)


def test_a_repair_of_everything_closes_before_it_opens_on_the_way_back() -> None:
    acl = {
        "Owner": {"ID": "o"},
        "Grants": [
            {"Grantee": {"Type": "CanonicalUser", "ID": "o"}, "Permission": "FULL_CONTROL"},
            {
                "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
                "Permission": "READ",
            },
        ],
    }
    facets = {**OPEN, "policy": document(EVERYONE), "acl": acl, "arn": ARN, "encryption": ABSENT, "versioning": False}
    resource = as_read(s3.policy_not_public, Example(facets))
    plan = propose(resource, CLOSING, CLOSING)
    assert operations(plan) == [
        "s3.PutBucketAcl",
        "s3.PutBucketEncryption",
        "s3.PutBucketPolicy",
        "s3.PutPublicAccessBlock",
        "s3.PutBucketVersioning",
    ]
    undo = [call.operation for call in plan.undo]
    assert undo.index("s3.DeletePublicAccessBlock") < undo.index("s3.PutBucketPolicy") < undo.index("s3.PutBucketAcl")
    assert set(plan.fixes) == {control.id for control in CLOSING}


class Said:
    """A cloud that gives one answer to everything."""

    def __init__(self, answer: Json) -> None:
        self._answer = answer

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        assert (operation, parameters, region) == ("s3.GetBucketVersioning", {"Bucket": "goldseam-example"}, REGION)
        return dict(self._answer)

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        raise AssertionError(operation)

    def today(self) -> str:
        raise AssertionError


@pytest.mark.parametrize(
    ("answer", "keeps"),
    [({}, False), ({"Status": "Suspended"}, False), ({"Status": "Enabled", "MFADelete": "Disabled"}, True)],
)
def test_suspended_and_never_versioned_are_one_state(answer: Json, keeps: bool) -> None:
    facet = s3.BUCKET.facet("versioning")
    assert isinstance(facet, AwsFacet)
    ref = s3.BUCKET.ref("aws", ACCOUNT, REGION, "goldseam-example")
    assert facet.read(Said(answer), ref, None).value is keeps


def test_disruption_asks_for_the_facts_that_show_that_nobody_is_cut_off() -> None:
    for control in (s3.policy_not_public, s3.acl_not_public, s3.public_access_blocked):
        assert control.disruption.unless == {"serves_website": False, "cloudfront_origin": False}
    assert not s3.encrypted_with_kms.disruption.unless


def test_on_moto_a_bucket_is_read_repaired_and_taken_back(moto_url: str) -> None:
    name = "goldseam-example"
    with live(moto_url, s3.BUCKET) as aws:
        aws.make("s3.CreateBucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        aws.make("s3.PutBucketAcl", Bucket=name, ACL="public-read")
        aws.make("s3.PutBucketPolicy", Bucket=name, Policy=json.dumps(document(CLOUDFRONT, EVERYONE)))
        aws.make("s3.PutBucketTagging", Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "web"}]})
        website = {"IndexDocument": {"Suffix": "index.html"}}
        aws.make("s3.PutBucketWebsite", Bucket=name, WebsiteConfiguration=website)
        bucket = aws.found()[name]
        assert known(bucket)
        assert bucket.facets["tags"] == {"team": "web"}
        assert bucket.facets["website"] == website
        assert bucket.facets["arn"] == ARN
        assert bucket.facets["account_public_access_block"] is ABSENT
        wanted = [control for control in CLOSING if control.id != s3.encrypted.id]
        plan, _ = aws.there_and_back(bucket, *wanted)
        assert {change.facet for change in plan.changes} == {
            "acl", "encryption", "policy", "public_access_block", "versioning",
        }  # fmt: skip


def test_on_moto_the_account_s_block_closes_every_bucket(moto_url: str) -> None:
    with live(moto_url, s3.BUCKET) as aws:
        aws.make("s3.CreateBucket", Bucket="goldseam-b1", CreateBucketConfiguration={"LocationConstraint": REGION})
        aws.make(
            "s3.PutBucketPolicy",
            Bucket="goldseam-b1",
            Policy=json.dumps(document({**EVERYONE, "Resource": "arn:aws:s3:::goldseam-b1/*"})),
        )
        blocks = {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": ALL_FLAGS}
        aws.make("s3control.PutPublicAccessBlock", **blocks)
        bucket = aws.found()["goldseam-b1"]
        assert same(bucket.facets["account_public_access_block"], ALL_FLAGS)
        statuses = {finding.control: finding.status for finding in evaluate(bucket, CONTROLS)}
        assert statuses["aws.s3.bucket.policy-not-public"] == "pass"
        assert statuses["aws.s3.bucket.public-access-blocked"] == "pass"
        assert statuses["aws.s3.bucket.tls-only"] == "fail"


def test_a_verdict_names_each_offender() -> None:
    found = verdict(s3.policy_not_public, Example({**OPEN, "policy": document(EVERYONE, {**EVERYONE, "Sid": "Site"})}))
    assert isinstance(found, ShouldBe)
    assert found.because == (
        "a statement without Sid allows everyone s3:GetObject; statement `Site` allows everyone s3:GetObject"
    )


OTHER = "arn:aws:iam::210987654321:root"
OWN_ACL = {"Owner": {"ID": "own"}, "Grants": []}
LOADS = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}


def test_peers_03_other_accounts_keep_what_is_not_dangerous() -> None:
    called = {"arn": ARN, "account": ACCOUNT, "acl": OWN_ACL, **OPEN}
    fixed = left(s3.others_cannot_reconfigure, Example({"policy": document(LOADS, CLOUDFRONT), **called}), "policy")
    assert fixed["Statement"][:2] == [LOADS, CLOUDFRONT]
    denied = fixed["Statement"][2]
    assert denied["Principal"] == {"AWS": [OTHER]}
    assert len(denied["Action"]) == 5
    assert "s3:GetObject" not in denied["Action"]


@pytest.mark.parametrize(
    "deny",
    [
        {"Principal": {"AWS": OTHER}, "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Principal": {"AWS": "arn:aws:iam::345678901234:root"}, "Action": "s3:*"},
        {"Principal": {"AWS": OTHER}, "Action": "s3:PutBucketPolicy"},
    ],
)
def test_a_denial_that_leaves_a_way_is_none(deny: Json) -> None:
    guard = {"Effect": "Deny", "Resource": [ARN, f"{ARN}/*"], **deny}
    example = Example({"policy": document(LOADS, guard), "arn": ARN, "account": ACCOUNT, "acl": OWN_ACL, **OPEN})
    assert isinstance(verdict(s3.others_cannot_reconfigure, example), ShouldBe)


def test_a_bucket_is_never_told_to_log_to_itself() -> None:
    own = {"Owner": {"ID": "o"}, "Grants": []}
    example = Example(
        {"logging": ABSENT, "arn": ARN, "policy": ABSENT, "acl": own}, settings={"target_bucket": "goldseam-example"}
    )
    assert isinstance(verdict(s3.logged, example), Violation)


class Asked:
    """Counts what is asked; versioning is as it is told."""

    def __init__(self, status: str) -> None:
        self.status, self.calls = status, list[str]()

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del parameters, region
        self.calls.append(operation)
        return {"Status": self.status} if operation == "s3.GetBucketVersioning" else {}

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        raise NotImplementedError

    def today(self) -> str:
        raise NotImplementedError


@pytest.mark.parametrize(("status", "calls"), [("Suspended", 1), ("Enabled", 2)])
def test_a_bucket_without_versions_is_not_asked_for_what_needs_them(status: str, calls: int) -> None:
    facet, ask = s3.BUCKET.facet("replication"), Asked(status)
    assert isinstance(facet, AwsFacet)
    assert facet.read(ask, as_read(s3.logged, s3.logged.compliant[0]).ref, None).value is ABSENT
    assert len(ask.calls) == calls


class Replicated(Asked):
    """A bucket that replicates to these buckets, in an account that has two; one is listed without its region."""

    def __init__(self, *rules: tuple[str, str]) -> None:
        super().__init__("Enabled")
        self.rules = rules

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        if operation == "s3.GetBucketReplication":
            rules = [{"Status": status, "Destination": {"Bucket": f"arn:aws:s3:::{to}"}} for to, status in self.rules]
            return {"ReplicationConfiguration": {"Rules": rules}}
        if operation == "s3.GetBucketLocation":
            return {"LocationConstraint": "EU"}
        return super().one(operation, parameters, region)

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del parameters, region, member
        self.calls.append(operation)
        return [{"Name": "far", "BucketRegion": "eu-central-1"}, {"Name": "near"}]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("far", "Enabled")], Compliant),
        ([("near", "Enabled"), ("far", "Enabled")], Compliant),
        ([("foreign", "Enabled"), ("far", "Enabled")], Compliant),
        ([("near", "Enabled")], Violation),
        ([("far", "Disabled"), ("near", "Enabled")], Violation),
        ([("far", "Disabled")], Violation),
        ([("foreign", "Enabled")], Unknown),
        ([("near", "Enabled"), ("foreign", "Enabled")], Unknown),
    ],
)
def test_a_copy_in_the_same_region_is_no_replication_across_regions(rules: Json, expected: type) -> None:
    """The mutation: an enabled rule is enough, or a bucket of another account counts as one elsewhere."""
    facet, ask = s3.BUCKET.facet("replication"), Replicated(*rules)
    assert isinstance(facet, AwsFacet)
    ref = s3.BUCKET.ref("aws", ACCOUNT, "eu-west-1", "goldseam-example")
    found = s3.replicated.rule(facet.read(ask, ref, None).value)
    assert isinstance(found, expected)
    if expected is Violation:
        assert isinstance(found, Violation)
        assert ("within the region only" in found.because) is any(status == "Enabled" for _, status in rules)
    assert "s3.ListBuckets" not in ask.calls or any(status == "Enabled" for _, status in rules)


LIFECYCLE = s3.lifecycle_set.compliant[0].facets["lifecycle"]


@pytest.mark.parametrize("with_mfa", [True, False])
def test_mfa_delete_and_a_lifecycle_exclude_each_other(with_mfa: bool) -> None:
    """Amazon S3 User Guide, "Lifecycle and other bucket configurations". The mutation: look at one of the two alone."""
    neither = {"mfa_delete": False, "lifecycle": ABSENT}
    one = {"mfa_delete": with_mfa, "lifecycle": ABSENT if with_mfa else LIFECYCLE}
    assert isinstance(verdict(s3.mfa_delete_on, Example(neither)), Violation)
    assert isinstance(verdict(s3.mfa_delete_on, Example(one)), Compliant)
    assert isinstance(verdict(s3.lifecycle_set, Example(neither)), ShouldBe)
    found = verdict(s3.lifecycle_set, Example(one))
    assert isinstance(found, Violation if with_mfa else Compliant)
    assert not with_mfa or "MFA delete is on" in str(found)


def test_no_fact_shows_that_nobody_sends_signed_requests_over_plain_http() -> None:
    """So the denial is never made unasked, as for queues and topics. The mutation: excuse it by facts of public use."""
    for name in ("aws.s3.bucket.tls-only", "aws.sqs.queue.tls-only", "aws.sns.topic.tls-only"):
        disruption = aws_catalog().control(name).disruption
        assert disruption.harms
        assert not disruption.unless
