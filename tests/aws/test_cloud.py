from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType

import pytest

import goldseam.clouds.aws as folder
from goldseam.clouds.aws.cloud import AWS, aws_catalog
from goldseam.clouds.bounds import Bounds
from goldseam.clouds.protocol import Access
from goldseam.control import Call, Catalog
from goldseam.model.resource import Resource
from goldseam.model.values import Unknown
from goldseam.ports import Gap, Key, Secret

_LACKING = re.compile(r"\((500|501|404|405|UnknownOperationException|InvalidAction)\)$|cannot be read$")
"""How the emulator answers to what it does not have."""


def modules() -> list[ModuleType]:
    return [import_module(found.name) for found in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}.")]


def test_the_catalogue_holds_everything_that_the_folder_defines() -> None:
    everything, catalog = Catalog.of(modules()), aws_catalog()
    assert {kind.name for kind in catalog.kinds} == {kind.name for kind in everything.kinds}
    assert [control.id for control in catalog.controls] == [control.id for control in everything.controls]
    assert set(map(id, catalog.facts)) == set(map(id, everything.facts))
    assert len(catalog.controls) >= 45


def test_nothing_loads_the_sdk_before_an_account_is_asked() -> None:
    program = (
        "import sys; from goldseam.clouds.aws.cloud import AWS; from goldseam.clouds.protocol import Access; "
        "cloud = AWS.open(Access(regions=('x',)), AWS.catalog()); "
        "assert cloud.catalog.controls; cloud.close(); "
        "print(sorted({'botocore', 'boto3', 'urllib3', 'rich', 'cryptography'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


PATIENT = Bounds(silence=120.0, read=300.0)
"""Limits that a busy machine keeps."""

NOT_THERE = (
    "aws.appstream.fleet", "aws.bedrock.guardrail", "aws.lightsail.database", "aws.lightsail.instance",
    "aws.s3.bucket-activity",
)  # fmt: skip
"""Kinds that moto has no listing of; and one that is never listed, but asked for about single buckets."""


def test_an_account_is_read_through_the_configuration(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with AWS.open(Access(endpoint_url=moto_url, regions=("eu-west-3",), bounds=PATIENT), aws_catalog()) as cloud:
        made = {"Bucket": "bucket", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-3"}}
        door = cloud.session.guarded([("s3.CreateBucket", made)])
        door.call("s3", "CreateBucket", "eu-west-3", **made)
        wanted = {kind: names for kind, names in cloud.catalog.wanted().items() if kind.name not in NOT_THERE}
        shards = cloud.reader.shards(tuple(wanted))
        assert [shard.region for shard in shards] == ["global", "eu-west-3"]
        items = [item for shard in shards for item in cloud.reader.scan(shard, wanted)]
        resources = [item for item in items if isinstance(item, Resource)]
        found = {(item.ref.kind, item.ref.id): item for item in resources}
        untold = {item.kind: item.reason for item in items if isinstance(item, Gap)} | {
            f"{item.ref.kind} {name}": value.reason
            for item in resources
            for name, value in item.facets.items()
            if isinstance(value, Unknown)
        }
        # What the emulator does not have it says so about, and nothing else is unknown but what it leaves out.
        odd = {what: why for what, why in untold.items() if not _LACKING.search(why)}
        assert set(odd) <= {"aws.iam.root idle"}, odd
        assert len(untold) < len(wanted) // 3
        assert found["aws.s3.bucket", "bucket"].ref.region == "eu-west-3"
        versioned = Call(
            "s3.PutBucketVersioning",
            "eu-west-3",
            {"Bucket": "bucket", "VersioningConfiguration": {"Status": "Enabled"}},
            (),
        )
        key = Key("operator", datetime(2100, 1, 1, tzinfo=UTC), Secret(access_key="testing", secret_key="testing"))
        writer = cloud.writers(key, [versioned])
        assert writer.call(versioned).request_id
        assert cloud.reader.read(found["aws.s3.bucket", "bucket"].ref, frozenset({"versioning"})).facets == {
            "versioning": True
        }
