"""Functions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from goldseam.clouds.aws.services.lambda_.function import FUNCTION
from goldseam.model.errors import CloudError
from goldseam.model.values import ABSENT, Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.aws_fixtures.roles import role_for
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_EXAMPLE: Final = "goldseam-example"


def _code() -> Json:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "def run(event, context):\n    return event\n")
    return {"ZipFile": packed.getvalue()}


def _function(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    runtime = facets.get("runtime", {}).get("name") or "python3.13"
    for each in pair(name):
        ground.make(
            "lambda.CreateFunction", FunctionName=each, Runtime=runtime, Handler="main.run",
            Role=_role(ground, name, facets), Code=_code(), **_chosen(facets),
        )  # fmt: skip
        if facets.get("url_access", ABSENT) is not ABSENT or facets.get("url_cors", ABSENT) is not ABSENT:
            _address(ground, each, facets.get("url_cors", ABSENT))
    refs = [reference(ground, FUNCTION, each) for each in pair(name)]
    return FixtureResult(refs[0], {_EXAMPLE: name}, (refs[1],))


_EVERYTHING: Final = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


def _role(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> str:
    """The role of all functions, or one of its own that may do everything."""
    plain = role_for(ground, "lambda.amazonaws.com")
    if not facets.get("blanket"):
        return plain
    own, trust = f"{name}-role", json.dumps({"Version": "2012-10-17", "Statement": []})
    with suppress(CloudError):  # the function beside it has it already
        ground.make("iam.CreateRole", RoleName=own, AssumeRolePolicyDocument=trust)
    for policy in facets["blanket"]:
        ground.make("iam.PutRolePolicy", RoleName=own, PolicyName=policy, PolicyDocument=json.dumps(_EVERYTHING))
    return plain.replace(plain.rpartition("/")[2], own)


def _chosen(facets: Mapping[str, Value]) -> dict[str, Json]:
    """What the example says of variables, their key and dead letters."""
    chosen: dict[str, Json] = {}
    if environment := facets.get("environment"):
        plain = range(environment["Variables"] - len(environment["Secrets"]))
        variables = {f"PLAIN_{number}": "text" for number in plain}
        chosen["Environment"] = {"Variables": {**variables, **dict.fromkeys(environment["Secrets"], "not-a-secret-1")}}
    if facets.get("environment_key"):
        chosen["KMSKeyArn"] = facets["environment_key"]
    if facets.get("dead_letters"):
        chosen["DeadLetterConfig"] = {"TargetArn": facets["dead_letters"]}
    return chosen


def _address(ground: EmulatedGround, name: str, cors: Value) -> None:
    more = (
        {} if cors is ABSENT else {"Cors": {"AllowOrigins": cors["Origins"], "AllowCredentials": cors["Credentials"]}}
    )
    ground.make("lambda.CreateFunctionUrlConfig", FunctionName=name, AuthType="AWS_IAM", **more)


def _by_url(value: Value) -> bool:
    return any("lambda:FunctionUrlAuthType" in str(statement) for statement in value)


_LACKS: Final = tuple(
    Lack(name, facet, why, bool)
    for name in ("ministack", "moto")
    for facet, why in (
        ("network", "a function there is put in no network"),
        ("layers", "layers of other accounts are not to be had there"),
    )
)

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.lambda.function": Fixture(
        _function,
        lacks=(Lack("moto", "policy", "moto keeps no condition on a function's URL", _by_url), *_LACKS),
        normal=frozenset(
            (
                "LastModified",
                "LastModifiedTime",
                "LastUpdateStatus",
                "Policy",
                "RevisionId",
                "State",
                "StateReason",
                "StateReasonCode",
            )
        ),
    ),
}
