from __future__ import annotations

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.services.glue import catalog, connection, job
from goldseam.control import Example, Kind
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import parameters, planned, ref_of
from tests.aws.test_kinesis_firehose import Told


def read(kind: Kind, name: str, item: Json) -> Json:
    facet = kind.facet(name)
    assert isinstance(facet, AwsFacet)
    return facet.read(Told({}), ref_of(kind), item).value


def test_keys_of_what_is_off_are_no_part_of_the_settings() -> None:
    form = catalog.CATALOG.facet("encryption").normal
    off = {"CatalogEncryptionMode": "DISABLED", "SseAwsKmsKeyId": "alias/old"}
    assert form({"EncryptionAtRest": off}) == form(ABSENT)


def test_one_part_of_the_settings_is_changed_and_the_other_sent_as_it_is() -> None:
    sealed = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": "alias/passwords"}
    plan = planned(catalog.catalog_encrypted, Example({"encryption": {"ConnectionPasswordEncryption": sealed}}))
    sent = parameters(plan)[0]["DataCatalogEncryptionSettings"]
    assert sent["ConnectionPasswordEncryption"] == sealed
    back = dict(plan.undo[0].parameters)["DataCatalogEncryptionSettings"]
    assert back["EncryptionAtRest"] == {"CatalogEncryptionMode": "DISABLED"}


@pytest.mark.parametrize(
    ("arguments", "suspects"),
    [
        ({"--db-password": "hunter2", "--TempDir": "s3://t"}, ["--db-password"]),
        ({"--secret-arn": "arn:aws:secretsmanager:eu-west-1:1:secret:db"}, []),
        ({"--api_key": "abc", "--secret_name": "db"}, ["--api_key"]),
        ({}, []),
    ],
)
def test_arguments_are_told_by_name_and_their_values_stay_away(arguments: Json, suspects: list[str]) -> None:
    found = read(job.JOB, "suspects", {"Name": "load", "DefaultArguments": arguments})
    assert found == suspects
    assert "hunter2" not in str(found)


def test_a_connection_tells_that_it_keeps_a_password_and_not_which() -> None:
    held = {"ConnectionType": "JDBC", "ConnectionProperties": {"USERNAME": "app", "PASSWORD": "hunter2"}}
    assert read(connection.CONNECTION, "kept", held) == ["PASSWORD", "USERNAME"]
    assert read(connection.CONNECTION, "tls", held) is False
    assert read(connection.CONNECTION, "tls", {"ConnectionType": "NETWORK"}) is ABSENT
    assert connection.CONNECTION.find
    assert connection.CONNECTION.find.parameters == {"HidePassword": True}
