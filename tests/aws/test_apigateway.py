from __future__ import annotations

import json

import pytest

from goldseam.assess.evaluate import evaluate
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.iam_actions import iam_actions
from goldseam.clouds.aws.permissions import remediator_policy
from goldseam.clouds.aws.services import apigateway, apigatewayv2
from goldseam.clouds.aws.services.apigateway import domain_name, stage
from goldseam.control import Compliant, Example, Permission
from goldseam.model.errors import PlanRefused
from goldseam.model.values import ABSENT, Json
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, operations, parameters, planned, ref_of, verdict
from tests.aws.live import known, live
from tests.aws.test_detecting import Says

QUIET = {"loggingLevel": "OFF", "dataTraceEnabled": False, "cachingEnabled": False, "cacheDataEncrypted": False}
STAGE = f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/live"


def test_findings_on_a_stage_are_patches_of_what_differs() -> None:
    cached = {**QUIET, "cachingEnabled": True, "loggingLevel": "ERROR"}
    example = Example({"methods": {"*/*": QUIET, "~1pets/GET": cached}})
    wanted = [stage.execution_logged, stage.cache_encrypted]
    plan = propose(as_read(wanted[0], example), wanted, wanted)
    assert parameters(plan)[0]["patchOperations"] == [
        {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"},
        {"op": "replace", "path": "/~1pets/GET/caching/dataEncrypted", "value": "true"},
    ]
    assert plan.undo[0].parameters["patchOperations"] == [
        {"op": "replace", "path": "/*/*/logging/loglevel", "value": "OFF"},
        {"op": "replace", "path": "/~1pets/GET/caching/dataEncrypted", "value": "false"},
    ]


def test_a_log_that_was_begun_is_removed_as_a_whole() -> None:
    chosen = {"destination": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:edge"}
    plan = planned(stage.access_logged, Example({"access_log": ABSENT}, settings=chosen))
    assert [item["op"] for item in parameters(plan)[0]["patchOperations"]] == ["replace", "replace"]
    assert plan.undo[0].parameters["patchOperations"] == [{"op": "remove", "path": "/accessLogSettings"}]


def test_stages_with_no_settings_at_all_log_nothing() -> None:
    assert apigateway.STAGE.facet("methods").normal(ABSENT) == {"*/*": QUIET}


def test_permissions_are_methods_on_a_path() -> None:
    ref = ref_of(apigateway.STAGE, "a1/live")
    assert ref.address == STAGE
    call = apigateway.STAGE.facet("tracing").write(ref, before=False, after=True)[0].call
    assert call.permissions == (Permission("apigateway:PATCH", STAGE),)
    assert iam_actions("apigatewayv2.DeleteAccessLogSettings") == ("apigateway:DELETE",)
    assert iam_actions("apigateway.GetRestApis") == ("apigateway:GET",)


def test_the_remediator_s_role_reaches_the_stages_of_every_api() -> None:
    allowed = remediator_policy([stage.traced], account="123456789012")["Statement"]
    assert [item["Resource"] for item in allowed] == ["arn:aws:apigateway:*::/restapis/*/stages/*"]


def test_a_domain_name_that_is_changing_waits() -> None:
    facet = apigateway.DOMAIN_NAME.facet("tls_policy")
    assert isinstance(facet, apigateway.patched.Patched)
    assert facet.waits({"domainNameStatus": "UPDATING"}) == "the domain name, which is UPDATING"
    assert not facet.waits({"domainNameStatus": "AVAILABLE"})
    assert isinstance(verdict(domain_name.tls_modern, Example({"tls_policy": ABSENT})), Compliant)


def test_settings_of_a_websocket_stage_are_sent_whole() -> None:
    limited = {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 10.0}
    example = Example({"defaults": limited, "protocol": "WEBSOCKET"})
    plan = planned(apigatewayv2.execution_logged, example)
    sent = {**limited, "LoggingLevel": "ERROR", "DataTraceEnabled": False}
    assert parameters(plan)[0]["DefaultRouteSettings"] == sent


def test_a_limit_that_is_once_set_is_not_taken_off() -> None:
    facet, ref = apigatewayv2.STAGE.facet("defaults"), ref_of(apigatewayv2.STAGE, "a1/live")
    with pytest.raises(PlanRefused):
        facet.write(ref, facet.normal({"ThrottlingRateLimit": 1.0}), facet.normal({}))


def test_on_moto_stages_are_found_in_their_api_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, apigateway.STAGE, apigateway.REST_API) as aws:
        api = str(aws.make("apigateway.CreateRestApi", name="shop")["id"])
        root = aws.make("apigateway.GetResources", restApiId=api)["items"]
        place = {"restApiId": api, "resourceId": root[0]["id"]}
        for verb in ("GET", "OPTIONS"):
            aws.make("apigateway.PutMethod", **place, httpMethod=verb, authorizationType="NONE")
            aws.make("apigateway.PutIntegration", **place, httpMethod=verb, type="MOCK")
        aws.make("apigateway.CreateDeployment", restApiId=api, stageName="live", variables={"dbPassword": "hush"})
        found = aws.found()
        assert set(found) == {api, f"{api}/live"}
        assert found[api].facets["open_methods"] == ["GET /"]
        assert [each.status for each in evaluate(found[api], [apigateway.api.authorized])] == ["fail"]
        live_stage = found[f"{api}/live"]
        assert known(live_stage)
        assert live_stage.facets["secret_variables"] == ["dbPassword"]
        assert "hush" not in json.dumps(live_stage.to_json())
        plan, _ = aws.there_and_back(live_stage, stage.traced, stage.execution_logged)
        assert operations(plan) == ["apigateway.UpdateStage", "apigateway.UpdateStage"]


@pytest.mark.parametrize(
    ("protocol", "route", "open_"),
    [
        ("HTTP", {"RouteKey": "GET /", "AuthorizationType": "NONE"}, True),
        ("HTTP", {"RouteKey": "GET /", "AuthorizationType": "NONE", "ApiKeyRequired": True}, True),
        ("WEBSOCKET", {"RouteKey": "$connect", "ApiKeyRequired": True}, True),
        ("WEBSOCKET", {"RouteKey": "$connect", "AuthorizationType": "AWS_IAM", "ApiKeyRequired": True}, False),
        ("HTTP", {"RouteKey": "GET /", "AuthorizationType": "JWT"}, False),
    ],
)
def test_an_api_key_is_no_authorization(protocol: str, route: Json, open_: bool) -> None:
    """Security Hub APIGateway.8. The mutation: let `ApiKeyRequired` close a route."""
    facet, ref = apigatewayv2.API.facet("open_routes"), ref_of(apigatewayv2.API, "a1")
    assert isinstance(facet, AwsFacet)
    held = facet.read(Says({"Items": [route]}), ref, {"ProtocolType": protocol}).value
    assert held == ([route["RouteKey"]] if open_ else [])
