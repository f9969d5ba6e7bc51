"""Documents and parameters of Systems Manager."""

from __future__ import annotations

import json

import pytest

from goldseam.clouds.aws.services import ssm
from goldseam.control import Compliant, Example
from tests.aws.laws import operations, parameters, planned, verdict
from tests.aws.live import live

CONTENT = {"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "run", "inputs": {}}]}


def test_a_document_loses_everyone_and_keeps_the_named() -> None:
    plan = planned(ssm.document_not_public, Example({"sharing": ["210987654321", "all"]}))
    assert operations(plan) == ["ssm.ModifyDocumentPermission"]
    assert parameters(plan)[0]["AccountIdsToRemove"] == ["all"]
    assert "AccountIdsToAdd" not in parameters(plan)[0]


@pytest.mark.parametrize(
    ("name", "told"),
    [("/app/DB_PASSWORD", True), ("apiKey", True), ("/x/connection-string", True), ("/app/keyboard", False)],
)
def test_names_say_what_is_secret(name: str, told: bool) -> None:
    found = verdict(ssm.secrets_encrypted, Example({"parameter_name": name, "type": "String"}))
    assert isinstance(found, Compliant) is not told
    assert isinstance(
        verdict(ssm.secrets_encrypted, Example({"parameter_name": name, "type": "SecureString"})), Compliant
    )


def test_on_moto_parameters_and_documents_are_listed_as_they_are_read(moto_url: str) -> None:
    with live(moto_url, ssm.PARAMETER, ssm.DOCUMENT) as aws:
        aws.make("ssm.PutParameter", Name="/app/token", Value="not-one", Type="String")
        aws.make("ssm.CreateDocument", Name="setup", Content=json.dumps(CONTENT), DocumentType="Command")
        aws.make("ssm.ModifyDocumentPermission", Name="setup", PermissionType="Share", AccountIdsToAdd=["210987654321"])
        found = aws.found()
        # AWS says the address of a parameter, the emulator does not.
        assert found["/app/token"].ref.address.endswith(":parameter/token")
        assert found["setup"].facets["sharing"] == ["210987654321"]
        for name in ("/app/token", "setup"):
            assert aws.again(found[name]) == found[name]
