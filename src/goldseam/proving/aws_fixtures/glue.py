"""Glue: the catalog of the region, jobs, security configurations, connections and transforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.glue import catalog, connection, job
from goldseam.model.values import ABSENT, Json, Value
from goldseam.proving.aws_fixtures.making import pair, quietly, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult

_UNSET: Final = {
    "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}
_ROLE: Final = "arn:aws:iam::123456789012:role/glue"


def _catalog(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    if "encryption" in facets:
        ground.make("glue.PutDataCatalogEncryptionSettings", DataCatalogEncryptionSettings=_UNSET)
    if "policy" in facets:
        quietly(ground, "glue.DeleteResourcePolicy")
    return FixtureResult(reference(ground, catalog.CATALOG, REGION))


def _security_configuration(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    modes = facets["modes"]
    configuration = {
        "S3Encryption": [{"S3EncryptionMode": modes["S3Encryption"]}],
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": modes["CloudWatchEncryption"]},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": modes["JobBookmarksEncryption"]},
    }
    for each in pair(name):
        ground.make("glue.CreateSecurityConfiguration", Name=each, EncryptionConfiguration=configuration)
    refs = [reference(ground, job.SECURITY_CONFIGURATION, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _job(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    arguments: dict[str, Json] = dict.fromkeys(facets.get("suspects", ()), "x")
    if facets.get("logs"):
        arguments["--enable-continuous-cloudwatch-log"] = "true"
    encrypted = facets.get("security_configuration", ABSENT)
    more = {} if encrypted is ABSENT else {"SecurityConfiguration": encrypted}
    for each in pair(name):
        ground.make(
            "glue.CreateJob", Name=each, Role=_ROLE, Command={"Name": "glueetl"}, DefaultArguments=arguments, **more
        )
    refs = [reference(ground, job.JOB, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _connection(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    properties = {"JDBC_CONNECTION_URL": "jdbc:postgresql://db/orders", **dict.fromkeys(facets.get("kept", ()), "x")}
    if facets.get("tls") in {True, False}:
        properties["JDBC_ENFORCE_SSL"] = str(facets["tls"]).lower()
    kind = "NETWORK" if facets.get("tls") is ABSENT else "JDBC"
    for each in pair(name):
        made = {"Name": each, "ConnectionType": kind, "ConnectionProperties": properties}
        ground.make("glue.CreateConnection", ConnectionInput=made)
    refs = [reference(ground, connection.CONNECTION, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.glue.catalog": Fixture(
        _catalog, normal=frozenset({"SseAwsKmsKeyId", "PolicyHash", "UpdateTime", "CreateTime"})
    ),
    "aws.glue.security-configuration": Fixture(_security_configuration),
    "aws.glue.job": Fixture(_job),
    "aws.glue.connection": Fixture(_connection),
}
