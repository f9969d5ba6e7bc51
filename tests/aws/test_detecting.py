from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.services import config, guardduty, inspector, logs, macie, securityhub, xray
from goldseam.control import Compliant, Control, Example, Kind, ShouldBe, Violation
from goldseam.model.errors import AccessDenied, CallFailed, CloudError
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import REGION, operations, parameters, planned, ref_of, verdict

OFF = [
    (securityhub.REGION, "on", CallFailed, "InvalidAccessException", "Account 1 is not subscribed to AWS Security Hub"),
    (macie.REGION, "state", AccessDenied, "AccessDeniedException", "Macie is not enabled"),
]


class Says:
    """A cloud that answers every call the same way."""

    def __init__(self, answer: Json | CloudError) -> None:
        self._answer = answer

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del operation, parameters, region
        if isinstance(self._answer, CloudError):
            raise self._answer
        answer: Mapping[str, Json] = self._answer
        return answer

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        return list(self.one(operation, parameters, region).get(member, ()))

    def today(self) -> str:
        raise NotImplementedError


def facet_of(kind: Kind, name: str) -> AwsFacet:
    facet = kind.facet(name)
    assert isinstance(facet, AwsFacet)
    return facet


@pytest.mark.parametrize(("kind", "name", "error", "code", "message"), OFF)
def test_peers_17_off_and_not_allowed_to_look_are_told_apart(
    kind: Kind, name: str, error: type[CloudError], code: str, message: str
) -> None:
    ref, facet = ref_of(kind, REGION), facet_of(kind, name)
    assert facet.read(Says(error(message, code=code)), ref, None).value in (False, "NONE")
    with pytest.raises(CloudError):
        facet.read(Says(error("User is not authorized", code=code)), ref, None)


def test_the_detector_that_is_removed_is_the_one_that_is_there() -> None:
    reading = facet_of(guardduty.REGION, "state").read(
        Says({"DetectorIds": ["d1"], "Status": "ENABLED"}), ref_of(guardduty.REGION, REGION), None
    )
    plan = planned(guardduty.on, Example({"state": "NONE"}))
    assert operations(plan) == ["guardduty.CreateDetector"]
    assert plan.undo[0].filled({"state": reading.told}) == {"DetectorId": "d1"}
    assert facet_of(guardduty.REGION, "state").read(Says({}), plan.ref, None).value == "NONE"


def test_a_suspended_detector_goes_on_and_keeps_what_it_found() -> None:
    plan = planned(guardduty.on, Example({"state": "DISABLED"}))
    assert operations(plan) == ["guardduty.UpdateDetector"]
    assert [call.operation for call in plan.undo] == ["guardduty.UpdateDetector"]


def test_one_feature_is_sent_and_the_others_are_not() -> None:
    features = {"S3_DATA_EVENTS": "DISABLED", "RDS_LOGIN_EVENTS": "DISABLED", "DNS_LOGS": "ENABLED"}
    plan = planned(guardduty.FEATURES[0], Example({"features": features}))
    assert parameters(plan)[0]["Features"] == [{"Name": "S3_DATA_EVENTS", "Status": "ENABLED"}]


LINKED = "arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
OWN = "arn:aws:iam::123456789012:role/config"
EVERYTHING = {"allSupported": True, "includeGlobalResourceTypes": True}
SOME = {"allSupported": False, "resourceTypes": ["AWS::S3::Bucket"]}
BUT = {
    "allSupported": False,
    "exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::Role"]},
    "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
}


def recorded(group: Json, role: str) -> Json:
    recorder = {"name": "default", "roleARN": role, "recordingGroup": group}
    return {"recording": {"recorder": recorder, "channel": {"name": "default", "s3BucketName": "b"}, "on": True}}


@pytest.mark.parametrize("group", [EVERYTHING, SOME, BUT])
@pytest.mark.parametrize("role", [LINKED, OWN])
def test_config_records_all_types_with_its_own_role(group: Json, role: str) -> None:
    """Security Hub Config.1. The mutation: look at neither the types nor the role, or at one of the two."""
    example = Example(recorded(group, role))
    found = verdict(config.recording, example)
    whole = group is EVERYTHING
    assert type(found) is (Violation if role is OWN else Compliant if whole else ShouldBe)
    anyhow = verdict(config.recording, Example(example.facets, settings={"service_linked_role": False}))
    assert type(anyhow) is (Compliant if whole else ShouldBe)
    if isinstance(found, ShouldBe):
        plan = planned(config.recording, example)
        assert parameters(plan)[0]["ConfigurationRecorder"]["roleARN"] == role
        assert parameters(plan)[0]["ConfigurationRecorder"]["recordingGroup"]["allSupported"] is True
        assert plan.undo[0].parameters["ConfigurationRecorder"]["recordingGroup"]["allSupported"] is False


def test_config_is_built_up_and_taken_down_in_the_order_it_asks_for() -> None:
    chosen = {"bucket": "goldseam-records", "role": LINKED}
    plan = planned(config.recording, Example({"recording": ABSENT}, settings=chosen))
    assert [name.removeprefix("config.") for name in operations(plan)] == [
        "PutConfigurationRecorder", "PutDeliveryChannel", "StartConfigurationRecorder",
    ]  # fmt: skip
    assert [call.operation.removeprefix("config.") for call in plan.undo] == [
        "StopConfigurationRecorder", "DeleteDeliveryChannel", "DeleteConfigurationRecorder",
    ]  # fmt: skip
    assert "iam:PassRole" in {permission.action for permission in plan.permissions}


def test_what_a_service_keeps_for_itself_is_not_the_customers_recorder() -> None:
    recorders = {"ConfigurationRecorders": [{"name": "theirs", "servicePrincipal": "x.amazonaws.com"}]}
    seen = facet_of(config.REGION, "recording").read(Says(recorders), ref_of(config.REGION, REGION), None).value
    assert seen == {"recorder": {}, "channel": {}, "on": False}


def test_peers_10_what_is_being_switched_is_waited_for() -> None:
    states = {"ec2": {"status": "ENABLING"}, "ecr": {"status": "ENABLED"}, "lambda": {"status": "DISABLED"}}
    answer = {"accounts": [{"resourceState": states}]}
    reading = facet_of(inspector.REGION, "scanned").read(Says(answer), ref_of(inspector.REGION, REGION), None)
    assert (reading.value, reading.pending) == (["EC2", "ECR"], "EC2, which is ENABLING")
    updating = {"EncryptionConfig": {"Type": "NONE", "Status": "UPDATING"}}
    reading = facet_of(xray.REGION, "encryption").read(Says(updating), ref_of(xray.REGION, REGION), None)
    assert (reading.value, bool(reading.pending)) == ({"Type": "NONE"}, True)


@pytest.mark.parametrize("control", [xray.encrypted_with_kms, logs.encrypted_with_kms], ids=lambda it: it.id)
def test_peers_11_a_key_that_reads_otherwise_than_it_is_given_is_asked_for_by_arn(control: Control) -> None:
    example = Example(control.violating[0].facets, settings={"kms_key": "alias/data"})
    assert isinstance(verdict(control, example), Violation)


def test_a_log_group_is_named_for_iam_with_what_follows_it() -> None:
    plan = planned(logs.kept, Example({"retention": 30}))
    assert {permission.resource for permission in plan.permissions} == {f"{plan.ref.address}:*"}
    assert parameters(plan) == [{"logGroupName": "goldseam-example", "retentionInDays": 365}]
