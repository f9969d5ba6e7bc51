"""Tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.dynamodb import TABLE
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _table(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    names = ["id", *facets.get("capacity", {}).get("indexes", ())]
    more: dict[str, Json] = {
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in names],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": _UNITS,
    }
    if names[1:]:
        more["GlobalSecondaryIndexes"] = [_index(each) for each in names[1:]]
    if facets.get("settings", {}).get("KmsKey"):
        more["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    for each in pair(name):
        ground.make("dynamodb.CreateTable", TableName=each, **more)
    refs = [reference(ground, TABLE, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


_UNITS: Final = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


def _index(name: str) -> Json:
    schema = [{"AttributeName": name, "KeyType": "HASH"}]
    return {
        "IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"},
        "ProvisionedThroughput": _UNITS,
    }  # fmt: skip


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.dynamodb.table": Fixture(
        _table,
        lacks=(Lack("moto", "settings", "moto cannot change how a table is encrypted"),),
        normal=frozenset({"LastUpdateToPayPerRequestDateTime"}),
    ),
}
