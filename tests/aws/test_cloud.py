from __future__ import annotations

import pkgutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType

import pytest

import goldseam.clouds.aws as folder
from goldseam.clouds.aws.cloud import AwsCloud, aws_catalog
from goldseam.control import Call, Catalog
from goldseam.ports import Gap, Key, Secret
from goldseam.resource import Resource
from goldseam.values import Unknown

LACKING = {"aws.ec2.snapshot", "aws.macie.bucket"}
"""Kinds that the emulator lists wrongly, or not at all."""


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
        "import sys; from goldseam.clouds.aws.cloud import AwsCloud; cloud = AwsCloud(regions=('x',)); "
        "assert cloud.catalog.controls; cloud.close(); "
        "print(sorted({'botocore', 'boto3', 'urllib3', 'rich', 'cryptography'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_an_account_is_read_through_the_configuration(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with AwsCloud(endpoint_url=moto_url, regions=("eu-west-3",)) as cloud:
        cloud.session.client("s3", "eu-west-3").create_bucket(
            Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
        )
        # The emulator owns a thousand snapshots of its own, and each takes a call at a careful pace.
        wanted = {kind: names for kind, names in cloud.catalog.wanted().items() if kind.name not in LACKING}
        shards = cloud.reader.shards(tuple(wanted))
        assert [shard.region for shard in shards] == ["global", "eu-west-3"]
        items = [item for shard in shards for item in cloud.reader.scan(shard, wanted)]
        assert [item for item in items if isinstance(item, Gap)] == []
        found = {item.ref.id: item for item in items if isinstance(item, Resource)}
        unknown = {
            (item.ref.kind, name): value.reason
            for item in items
            if isinstance(item, Resource)
            for name, value in item.facets.items()
            if isinstance(value, Unknown)
        }
        # The emulator does not know this operation, and answers it in a language of its own.
        assert unknown == {
            ("aws.ec2.region", "snapshot_block"): ("ec2.GetSnapshotBlockPublicAccessState failed (ResponseParserError)")
        }
        assert found["bucket"].ref.region == "eu-west-3"
        versioned = Call(
            "s3.PutBucketVersioning",
            "eu-west-3",
            {"Bucket": "bucket", "VersioningConfiguration": {"Status": "Enabled"}},
            (),
        )
        key = Key("operator", datetime(2100, 1, 1, tzinfo=UTC), Secret(access_key="testing", secret_key="testing"))
        writer = cloud.writers(key, [versioned])
        assert writer.call(versioned).request_id
        assert cloud.reader.read(found["bucket"].ref, frozenset({"versioning"})).facets == {"versioning": True}
