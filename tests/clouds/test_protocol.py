"""What the protocol asks of every cloud, and how clouds are found by name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st

from goldseam.clouds.aws.cloud import AWS, aws_catalog
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.protocol import Access, Ancestor, Cloud, CloudAccount, RotatingRole, Touched, cloud_of
from goldseam.clouds.registry import (
    cloud_named,
    cloud_of_kind,
    cloud_of_role,
    clouds,
    default_cloud,
    renamed_controls,
    whole_catalog,
)
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.values import Json, Unknown
from goldseam.ports import GLOBAL
from tests.aws.laws import ACCOUNT, REGION
from tests.aws.test_events import event

CATALOG = aws_catalog()
ROLE = "arn:aws:iam::111122223333:role/fix"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_every_cloud_keeps_the_protocol() -> None:
    known: list[Cloud] = list(clouds().values())
    for cloud in known:
        catalog = cloud.catalog()
        account: CloudAccount = cloud.open(Access(), catalog)
        account.close()
        assert {cloud_of(kind.name) for kind in catalog.kinds} == {cloud.name}
        assert {cloud_of(control.id) for control in catalog.controls} == {cloud.name}
        assert cloud_named(cloud.name) is cloud


def test_a_cloud_is_found_by_its_name_its_kinds_and_its_roles() -> None:
    assert cloud_of_kind("aws.s3.bucket") is cloud_of_role(ROLE) is default_cloud() is AWS
    with pytest.raises(UnknownName, match=r"no cloud `awz`.*`aws`"):
        cloud_of_kind("awz.s3.bucket")
    with pytest.raises(UsageError, match="`fix` is not the ARN of a role"):
        cloud_of_role("fix")


def test_the_whole_catalog_is_that_of_every_cloud() -> None:
    assert whole_catalog().version == CATALOG.version
    assert whole_catalog().facts == CATALOG.facts
    assert renamed_controls() == dict(AWS.renamed)


@pytest.mark.parametrize("text", ["*", "1111*", "*2222", "11*22", "111122223333"])
def test_patterns_of_accounts(text: str) -> None:
    assert AWS.account_pattern(text) == text


@pytest.mark.parametrize("text", ["", "1111", "1111222233334", "../*", "1111 *", "1" * 12 + "*", "\u0661" * 12])
def test_what_is_no_pattern_of_an_account_is_refused(text: str) -> None:
    """`1111` protects nothing: it is no account, and no pattern of one. The mutation: take any digits."""
    with pytest.raises(UsageError, match="no AWS account id"):
        AWS.account_pattern(text)


def test_a_rotating_role_is_checked_for_its_form() -> None:
    assert AWS.rotating_role(ROLE, "0d9b-11") == RotatingRole(ROLE, "0d9b-11")
    for role, uuid in (("fix", "0d9b"), (ROLE, "0d9b:code"), (ROLE, "")):
        with pytest.raises(UsageError):
            AWS.rotating_role(role, uuid)


@pytest.mark.parametrize("envelope", [False, True], ids=["CloudTrail", "EventBridge"])
def test_an_event_names_what_it_touched_and_where(envelope: bool) -> None:
    """The mutations: no look into `detail`; the event's region for what an account has once."""

    def told(record: Json) -> frozenset[Touched]:
        return AWS.touched(CATALOG, {"detail-type": "AWS API Call", "detail": record} if envelope else record)

    policy = told(event("s3", "PutBucketPolicy", {"bucketName": "b"}))
    assert Touched("aws.s3.bucket", ACCOUNT, REGION, "b") in policy
    user = told(event("iam", "AttachUserPolicy", {"userName": "mia", "policyArn": "arn:aws:iam::aws:policy/X"}))
    assert {found.region for found in user if found.kind == "aws.iam.user"} == {GLOBAL}
    assert told(event("s3", "PutBucketPolicy", {"bucketName": "b"}, readOnly=True)) == frozenset()


def test_an_event_that_does_not_say_where_names_nothing() -> None:
    """The mutation: take the account that the reader is in."""
    for lacking in ("recipientAccountId", "awsRegion"):
        assert (
            AWS.touched(CATALOG, event("s3", "PutBucketPolicy", {"bucketName": "b"}, **{lacking: None})) == frozenset()
        )


@settings(max_examples=60, deadline=None)
@given(JSON, JSON)
def test_no_event_is_too_odd(anything: Json, request: Json) -> None:
    assert AWS.touched(CATALOG, anything) == frozenset()
    AWS.touched(CATALOG, event("s3", "PutBucketPolicy", request))


def test_an_address_is_checked_by_its_kind() -> None:
    """The mutation: compare the partition alone."""
    queue, bucket = CATALOG.kind("aws.sqs.queue"), CATALOG.kind("aws.s3.bucket")
    assert isinstance(bucket, AwsKind)
    held = bucket.ref("aws", ACCOUNT, REGION, "logs")
    assert AWS.addressed(bucket, held) is True
    assert AWS.addressed(bucket, bucket.ref("aws", ACCOUNT, REGION, "logs", "arn:aws:s3:::other")) is False
    assert AWS.addressed(queue, held) is False


@pytest.fixture
def organization(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    return get_session().create_client("organizations", region_name="us-east-1", endpoint_url=moto_url)


def test_the_ancestors_of_an_account_are_its_units_from_the_root_down(organization: Any, moto_url: str) -> None:
    """The mutations: the innermost first; the root left out."""
    with AWS.open(Access(endpoint_url=moto_url), CATALOG) as account:
        untold = account.ancestors()
        assert isinstance(untold, Unknown)
        assert re.search(rf"account {account.account_id()} is a part of cannot be read", untold.reason)
        organization.create_organization(FeatureSet="ALL")
        root = organization.list_roots()["Roots"][0]["Id"]
        assert account.ancestors() == (Ancestor(root, "Root"),)
        outer = organization.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
        inner = organization.create_organizational_unit(ParentId=outer, Name="Prod")["OrganizationalUnit"]["Id"]
        organization.move_account(AccountId=account.account_id(), SourceParentId=root, DestinationParentId=inner)
        assert account.ancestors() == (Ancestor(root, "Root"), Ancestor(outer, "Workloads"), Ancestor(inner, "Prod"))
