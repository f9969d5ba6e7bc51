"""Services that look for trouble in a region: there is one of each, which is switched off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import config, guardduty, inspector, macie, securityhub
from goldseam.model.errors import CloudError
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_DETECTOR: Final = "goldseam-example"


def _gone(ground: EmulatedGround, operation: str, **params: object) -> None:
    try:
        ground.make(operation, **params)
    except CloudError as error:
        if error.code not in {"InvalidAccessException", "ResourceNotFoundException"}:
            raise


def _no_detectors(ground: EmulatedGround) -> None:
    for detector in ground.make("guardduty.ListDetectors")["DetectorIds"]:
        ground.make("guardduty.DeleteDetector", DetectorId=detector)


def _guardduty(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    _no_detectors(ground)
    return FixtureResult(reference(ground, guardduty.REGION, REGION))


def _detector(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    features = [{"Name": word, "Status": "DISABLED"} for word in facets.get("features", {})]
    made = ground.make("guardduty.CreateDetector", Enable=True, Features=features)["DetectorId"]
    return FixtureResult(reference(ground, guardduty.DETECTOR, made), {_DETECTOR: made})


def _securityhub(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    _gone(ground, "securityhub.DisableSecurityHub")
    return FixtureResult(reference(ground, securityhub.REGION, REGION))


def _macie(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    _gone(ground, "macie2.DisableMacie")
    return FixtureResult(reference(ground, macie.REGION, REGION))


def _inspector(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    types = {} if ground.name == "ministack" else {"resourceTypes": ["EC2", "ECR", "LAMBDA", "LAMBDA_CODE"]}
    ground.make("inspector2.Disable", accountIds=[ground.account], **types)
    return FixtureResult(reference(ground, inspector.REGION, REGION))


def _config(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for recorder in ground.make("config.DescribeConfigurationRecorders")["ConfigurationRecorders"]:
        ground.make("config.StopConfigurationRecorder", ConfigurationRecorderName=recorder["name"])
    for channel in ground.make("config.DescribeDeliveryChannels")["DeliveryChannels"]:
        ground.make("config.DeleteDeliveryChannel", DeliveryChannelName=channel["name"])
    for recorder in ground.make("config.DescribeConfigurationRecorders")["ConfigurationRecorders"]:
        ground.make("config.DeleteConfigurationRecorder", ConfigurationRecorderName=recorder["name"])
    ground.make("s3.CreateBucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    ground.make("iam.CreateRole", RoleName=f"{name}-r", AssumeRolePolicyDocument=json.dumps(trust))
    words = {"goldseam-example": name, "role/goldseam-config": f"role/{name}-r"}
    return FixtureResult(reference(ground, config.REGION, REGION), words)


def _several(value: Value) -> bool:
    return len(value) > 1


def _with_code(value: Value) -> bool:
    return "LAMBDA_CODE" in value


def _paused(value: Value) -> bool:
    return bool(value == "PAUSED")


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.config.region": Fixture(
        _config,
        lacks=(Lack("ministack", "recording", "it deletes no recorder and no channel"),),
        normal=frozenset({"lastStatus", "lastStartTime", "lastStopTime", "lastStatusChangeTime"}),
    ),
    "aws.guardduty.region": Fixture(_guardduty),
    "aws.guardduty.detector": Fixture(
        _detector,
        lacks=(
            Lack("moto", "tags", "it has no tags of detectors"),
            Lack("moto", "features", "it forgets the features that an update does not name", _several),
        ),
    ),
    "aws.inspector.region": Fixture(
        _inspector, lacks=(Lack("ministack", "scanned", "it never stops scanning code", _with_code),)
    ),
    "aws.macie.region": Fixture(_macie, lacks=(Lack("moto", "state", "it does not go on after a pause", _paused),)),
    "aws.securityhub.region": Fixture(_securityhub),
}
