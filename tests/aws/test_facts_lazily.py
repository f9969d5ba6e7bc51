"""What facts cost: nothing where nothing is wrong, and no more than is asked for where something is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest

from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.read import AwsReader
from goldseam.control import (
    Answer,
    Catalog,
    Example,
    Severity,
    Surroundings,
    Verdict,
    compliant,
    control,
    fact,
    harmless,
    known,
    violation,
)
from goldseam.decide.policy import load_policies, no_policies
from goldseam.model.clock import SystemClock
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.ports import GLOBAL
from goldseam.service.pipeline import Report, Standing, scan
from tests.aws.laws import REGION
from tests.emulators import Moto

BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
BLOCKED = "aws.s3.bucket.public-access-blocked"


@dataclass
class Counting:
    """A session that counts what it is asked."""

    session: AwsSession
    asked: Counter[str] = field(default_factory=Counter)

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        self.asked[operation] += 1
        return self.session.call(service, operation, region, **params)

    def pages(
        self, service: str, operation: str, region: str | None = None, /, **params: Json
    ) -> Iterator[Mapping[str, Json]]:
        for page in self.session.pages(service, operation, region, **params):
            self.asked[operation] += 1
            yield page

    def account_id(self) -> str:
        return self.session.account_id()

    def partition(self) -> str:
        return self.session.partition()

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        return self.session.regions(wanted, fallback=fallback)


@pytest.fixture
def counting(moto_cloud: Moto) -> Iterator[Counting]:
    """A fresh account with ten buckets, three of which are open."""
    moto_cloud.reset()
    session = AwsSession.with_credentials("testing", "testing", None, endpoint_url=moto_cloud.endpoint)

    def make(operation: str, **params: Json) -> None:
        service, _, name = operation.partition(".")
        session.guarded([(operation, params)]).call(service, name, REGION, **params)

    for number in range(10):
        name = f"bucket-{number}"
        make("s3.CreateBucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if number >= 3:
            make("s3.PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration=BLOCK)
    yield Counting(session)
    session.close()


def scanned(counting: Counting, catalog: Catalog, standing: Standing | None = None) -> tuple[Report, ...]:
    counting.asked.clear()
    with AwsReader(counting, catalog, (REGION,)) as reader:
        return tuple(scan(reader, catalog, standing or Standing(no_policies()), SystemClock()))


def test_facts_are_read_where_something_is_wrong_and_nowhere_else(counting: Counting) -> None:
    catalog = aws_catalog()
    (report,) = scanned(counting, catalog.only([catalog.control(BLOCKED)]))
    assert report.shard.region == GLOBAL
    assert [bool(seen.facts) for seen in report.seen] == [
        any(finding.status == "fail" for finding in seen.findings) for seen in report.seen
    ]
    own = ("GetPublicAccessBlock", "GetBucketWebsite", "GetBucketTagging", "ListDistributions", "ListAccountAliases")
    assert [counting.asked[name] for name in own] == [14, 3, 3, 1, 1]
    assert counting.asked["ListBuckets"] == 1


def test_nothing_is_asked_for_facts_where_nothing_is_wrong(counting: Counting) -> None:
    catalog = aws_catalog()
    (report,) = scanned(counting, catalog.only([catalog.control("aws.s3.bucket.acl-not-public")]))
    assert not any(seen.facts for seen in report.seen)
    assert set(counting.asked) == {"ListBuckets", "GetBucketLocation", "GetBucketAcl", "GetPublicAccessBlock"}


def test_a_dear_fact_is_only_gathered_where_a_policy_asks_for_it(counting: Counting) -> None:
    catalog = aws_catalog()
    bucket = catalog.kind("aws.s3.bucket")

    @fact("heavy", bucket, bool, dear=True)
    def heavy(versioning: bool, *, around: Surroundings) -> Answer:
        """Whether it is heavy."""
        del around
        return known(versioning, "it was weighed")

    catalog = replace(catalog.only([catalog.control(BLOCKED)]), facts=(heavy,))
    without = scanned(counting, catalog)
    assert counting.asked["GetBucketVersioning"] == 0
    told = [item.value for report in without for seen in report.seen for item in seen.facts]
    assert [isinstance(value, Unknown) for value in told] == [True] * 3
    text = f"version: 2\npolicies:\n- {{name: a, controls: {BLOCKED}, mode: auto, when: ['!context.heavy']}}\n"
    report = scanned(counting, catalog, Standing(load_policies(text, "a.yaml", catalog)))
    assert counting.asked["GetBucketVersioning"] == 3
    assert [item.value for one in report for seen in one.seen for item in seen.facts] == [False] * 3


def test_a_setting_for_tagged_resources_judges_also_those_that_pass_without_it(counting: Counting) -> None:
    catalog = aws_catalog()

    @control(
        "aws.s3.bucket.many-blocks", catalog.kind("aws.s3.bucket"), severity=Severity.LOW,
        disrupts=harmless("nothing is changed", source="Toys, a page"),
        compliant=({"public_access_block": ABSENT},),
        violating=(Example({"public_access_block": ABSENT}, settings={"least": 1}),),
    )  # fmt: skip
    def many_blocks(public_access_block: Value, *, least: int = 0) -> Verdict:
        """A bucket has blocks.

        As many as are asked for.
        """
        on = 0 if public_access_block is ABSENT else sum(public_access_block.values())
        return compliant if on >= least else violation(because=f"{on} are on", guide="switch more of them on")

    tagging = {"Bucket": "bucket-0", "Tagging": {"TagSet": [{"Key": "team", "Value": "web"}]}}
    writing = counting.session.guarded([("s3.PutBucketTagging", tagging)])
    writing.call("s3", "PutBucketTagging", REGION, **tagging)
    catalog = replace(catalog.only([catalog.control(BLOCKED)]), controls=(many_blocks,), facts=())
    given = "{name: a, controls: '*', mode: ask, scope: {tags: {team: web}}, settings: {least: 1}}"
    text = f"version: 2\npolicies: [{given}]\n"
    (report,) = scanned(counting, catalog, Standing(load_policies(text, "a.yaml", catalog)))
    failed = [seen.resource.ref.id for seen in report.seen if seen.findings[0].status == "fail"]
    assert failed == ["bucket-0"]
    scanned(counting, catalog)
    assert counting.asked["GetBucketTagging"] == 0
