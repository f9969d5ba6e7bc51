"""Users, groups, roles, policies and server certificates, and the root user."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services.iam import group, managed_policy, role, root, server_certificate, user
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_EXAMPLE: Final = "goldseam-example"
"""The name of the resource in the examples."""

_POLICY: Final = "goldseam-policy"
"""The name of the policy in the examples, which name a bucket too."""

_NARROW: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::goldseam-example/*"}],
}
_SERVICE: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_SIGNS_IN: Final = {"Password": "not-a-Secret-1"}
_EMULATORS: Final = ("ministack", "moto")


def _guard(ground: EmulatedGround, facets: Mapping[str, Value]) -> None:
    """The policy of the account that examples attach."""
    if "attached" in facets:
        arn = f"arn:aws:iam::{ground.account}:policy/guard"
        if not any(held["Arn"] == arn for held in ground.make("iam.ListPolicies", Scope="Local")["Policies"]):
            ground.make("iam.CreatePolicy", PolicyName="guard", PolicyDocument=json.dumps(_NARROW))


def _user(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    _guard(ground, facets)
    signs_in = any(facets.get(facet, ABSENT) is not ABSENT for facet in ("must_reset", "second_factor", "sign_in_idle"))
    for each in pair(name):
        ground.make("iam.CreateUser", UserName=each)
        if signs_in:
            ground.make("iam.CreateLoginProfile", UserName=each, **_SIGNS_IN)
    words = {_EXAMPLE: name}
    for key in facets.get("access_keys", ()):
        made = ground.make("iam.CreateAccessKey", UserName=name)["AccessKey"]
        words[key["id"]] = made["AccessKeyId"]
    for made in ground.make("iam.ListAccessKeys", UserName=name)["AccessKeyMetadata"]:
        words[facets["access_keys"][0]["created"]] = str(made["CreateDate"])
    return FixtureResult(reference(ground, user.USER, name), words, (reference(ground, user.USER, f"{name}-beside"),))


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    _guard(ground, facets)
    for each in pair(name):
        ground.make("iam.CreateGroup", GroupName=each)
    refs = [reference(ground, group.GROUP, each) for each in pair(name)]
    return FixtureResult(refs[0], {_EXAMPLE: name}, (refs[1],))


def _role(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    _guard(ground, facets)
    for each in pair(name):
        ground.make(
            "iam.CreateRole", RoleName=each, Path=facets.get("path", "/"), AssumeRolePolicyDocument=json.dumps(_SERVICE)
        )
    refs = [reference(ground, role.ROLE, each) for each in pair(name)]
    return FixtureResult(refs[0], {_EXAMPLE: name}, (refs[1],))


def _policy(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    documents = [json.dumps(held["document"]) for held in reversed(facets.get("versions", ()))]
    first, *later = documents or [json.dumps(_NARROW)] * 3
    refs = []
    for each in pair(name):
        arn = ground.make("iam.CreatePolicy", PolicyName=each, PolicyDocument=first)["Policy"]["Arn"]
        for document in later:
            ground.make("iam.CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=False)
        refs.append(reference(ground, managed_policy.POLICY, arn))
    return FixtureResult(refs[0], {_POLICY: name}, (refs[1],))


def _none(kind: AwsKind) -> Callable[[EmulatedGround, str, Mapping[str, Value]], FixtureResult]:
    def make(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
        del facets
        return FixtureResult(reference(ground, kind, name))

    return make


def _so_old(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    """Let so many days pass as all keys are old; what was made today cannot be of several ages."""
    del ref
    if len({item["days"] for item in value}) == 1:
        ground.calendar.ahead = timedelta(days=value[0]["days"])


def _so_many_days(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    ground.calendar.ahead = timedelta(days=0 if value is ABSENT else value)


def _second_factor(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    if value:
        device = ground.make("iam.CreateVirtualMFADevice", VirtualMFADeviceName=ref.id)["VirtualMFADevice"]
        ground.make(
            "iam.EnableMFADevice", UserName=ref.id, SerialNumber=device["SerialNumber"],
            AuthenticationCode1="123456", AuthenticationCode2="654321",
        )  # fmt: skip


def _inline(who: str) -> Callable[[EmulatedGround, Ref, Value], None]:
    def put(ground: EmulatedGround, ref: Ref, value: Value) -> None:
        named = {f"{who}Name": ref.id}
        for name in ground.make(f"iam.List{who}Policies", **named)["PolicyNames"]:
            ground.make(f"iam.Delete{who}Policy", **named, PolicyName=name)
        for policy in value:
            document = json.dumps(policy["document"])
            ground.make(f"iam.Put{who}Policy", **named, PolicyName=policy["name"], PolicyDocument=document)

    return put


def _tags(who: str) -> Callable[[EmulatedGround, Ref, Value], None]:
    def put(ground: EmulatedGround, ref: Ref, value: Value) -> None:
        named = {f"{who}Name": ref.id}
        old = [tag["Key"] for tag in ground.make(f"iam.List{who}Tags", **named)["Tags"]]
        ground.make(f"iam.Untag{who}", **named, TagKeys=old)
        ground.make(f"iam.Tag{who}", **named, Tags=[{"Key": key, "Value": word} for key, word in value.items()])

    return put


def _was_used(keys: Value) -> bool:
    return any(key["last_used"] for key in keys)


def _of_several_ages(keys: Value) -> bool:
    return len({key["days"] for key in keys}) > 1


def _lack(facet: str, why: str) -> tuple[Lack, ...]:
    return tuple(Lack(name, facet, why) for name in _EMULATORS)


def _is_of_aws(value: Json) -> bool:
    return bool(value != "/")


_ABOUT_ROOT: Final = "no call gives an emulator's root user credentials or takes them away"
FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.iam.user": Fixture(
        _user,
        {
            "idle": _so_old, "sign_in_idle": _so_many_days, "second_factor": _second_factor,
            "inline": _inline("User"), "tags": _tags("User"),
        },
        lacks=tuple(
            lack
            for name in _EMULATORS
            for lack in (
                Lack(name, "idle", "keys that are made on an emulator are all equally old", _of_several_ages),
                Lack(name, "age", "keys that are made on an emulator are new"),
                Lack(name, "last_used", "keys that are made on an emulator were never used", _was_used),
            )
        ),
    ),
    "aws.iam.group": Fixture(_group, {"inline": _inline("Group")}),
    "aws.iam.role": Fixture(
        _role, {"inline": _inline("Role"), "tags": _tags("Role"), "idle": _so_many_days},
        lacks=tuple(
            Lack(name, "path", "nobody makes roles in a path of AWS's own", _is_of_aws) for name in _EMULATORS
        ),
    ),
    "aws.iam.policy": Fixture(
        _policy, lacks=(Lack("ministack", "default_version", "ministack cannot let another version hold"),)
    ),
    "aws.iam.server-certificate": Fixture(
        _none(server_certificate.SERVER_CERTIFICATE),
        lacks=_lack("validity", "no emulator says when a certificate that it keeps will expire"),
    ),
    "aws.iam.root": Fixture(
        _none(root.ROOT_USER),
        lacks=(*_lack("credentials", _ABOUT_ROOT), *_lack("virtual_device", _ABOUT_ROOT), *_lack("idle", _ABOUT_ROOT)),
    ),
}  # fmt: skip
