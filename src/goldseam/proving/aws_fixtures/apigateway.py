"""REST APIs, their stages, and domain names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import apigateway, wafv2
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.aws_fixtures.wafv2 import made as web_acl
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_PATHS: Final = ("GET /", "POST /orders")


def _api(ground: EmulatedGround, name: str, methods: tuple[str, ...] = ("GET /",)) -> str:
    api = str(ground.make("apigateway.CreateRestApi", name=name)["id"])
    root = str(ground.make("apigateway.GetResources", restApiId=api)["items"][0]["id"])
    for method in methods:
        verb, _, path = method.partition(" /")
        made = (
            ground.make("apigateway.CreateResource", restApiId=api, parentId=root, pathPart=path)
            if path
            else {"id": root}
        )
        place = {"restApiId": api, "resourceId": str(made["id"]), "httpMethod": verb}
        ground.make("apigateway.PutMethod", **place, authorizationType="NONE")
        ground.make("apigateway.PutIntegration", **place, type="MOCK")
    return api


def _stage(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    refs = []
    for each in pair(name):
        api = _api(ground, each)
        ground.make("apigateway.CreateDeployment", restApiId=api, stageName="live")
        refs.append(reference(ground, apigateway.STAGE, f"{api}/live"))
    group = f"{name}-logs"
    ground.make("logs.CreateLogGroup", logGroupName=group)
    words = {"goldseam-edge": group, wafv2.named("edge"): web_acl(ground, name)}
    if "client_certificate" in facets:
        words["a1b2c3"] = str(ground.make("apigateway.GenerateClientCertificate")["clientCertificateId"])
    return FixtureResult(refs[0], words, (refs[1],))


def _rest(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = [reference(ground, apigateway.REST_API, _api(ground, each, _PATHS)) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _domain(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    names = [f"{each}.example.com" for each in pair(name)]
    for each in names:
        ground.make(
            "apigateway.CreateDomainName", domainName=each, securityPolicy="TLS_1_2",
            endpointConfiguration={"types": ["REGIONAL"]},
        )  # fmt: skip
    refs = [reference(ground, apigateway.DOMAIN_NAME, each) for each in names]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.apigateway.stage": Fixture(
        _stage,
        normal=frozenset({"lastUpdatedDate", "methodSettings"}),
        lacks=(Lack("ministack", "web_acl", "ministack asks for the right to attach every web ACL, not this one"),),
    ),
    "aws.apigateway.rest-api": Fixture(_rest),
    "aws.apigateway.domain-name": Fixture(
        _domain, lacks=(Lack("ministack", "tls_policy", "ministack cannot change a domain name"),)
    ),
}
