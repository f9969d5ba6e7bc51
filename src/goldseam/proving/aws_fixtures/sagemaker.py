"""Notebook instances, models, endpoint configurations and domains of SageMaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import sagemaker
from goldseam.model.values import ABSENT, Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_ROLE: Final = "arn:aws:iam::123456789012:role/sagemaker"


def _told(facets: Mapping[str, Value], **names: str) -> dict[str, Json]:
    """The parameters of these names whose facets hold something."""
    return {parameter: facets[name] for name, parameter in names.items() if facets.get(name, ABSENT) is not ABSENT}


def _notebook(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    more = _told(facets, internet="DirectInternetAccess", subnet="SubnetId", key="KmsKeyId")
    for each in pair(name):
        ground.make(
            "sagemaker.CreateNotebookInstance", NotebookInstanceName=each, InstanceType="ml.t3.medium", RoleArn=_ROLE,
            **more,
        )  # fmt: skip
        if facets.get("status") == "Stopped":
            ground.make("sagemaker.StopNotebookInstance", NotebookInstanceName=each)
    refs = [reference(ground, sagemaker.NOTEBOOK, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _model(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    more = _told(facets, isolated="EnableNetworkIsolation", network="VpcConfig")
    for each in pair(name):
        ground.make("sagemaker.CreateModel", ModelName=each, ExecutionRoleArn=_ROLE, **more)
    refs = [reference(ground, sagemaker.MODEL, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _endpoint_config(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    count = 1 if facets.get("alone") else 2
    ground.make("sagemaker.CreateModel", ModelName=name, ExecutionRoleArn=_ROLE)
    variant = {"VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": count}
    for each in pair(name):
        more = _told(facets, key="KmsKeyId")
        ground.make("sagemaker.CreateEndpointConfig", EndpointConfigName=each, ProductionVariants=[variant], **more)
    refs = [reference(ground, sagemaker.ENDPOINT_CONFIG, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _domain(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    made = ground.make(
        "sagemaker.CreateDomain", DomainName=name, AuthMode=facets.get("sign_in", "IAM"), VpcId="vpc-1",
        SubnetIds=["subnet-1"], DefaultUserSettings={"ExecutionRole": _ROLE},
    )  # fmt: skip
    return FixtureResult(reference(ground, sagemaker.DOMAIN, str(made["DomainArn"]).rpartition("/")[2]))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.sagemaker.notebook": Fixture(
        _notebook, lacks=(Lack("moto", "settings", "moto has no changes of notebook instances"),)
    ),
    "aws.sagemaker.model": Fixture(_model),
    "aws.sagemaker.endpoint-config": Fixture(_endpoint_config),
    "aws.sagemaker.domain": Fixture(_domain),
}
