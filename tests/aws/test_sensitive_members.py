"""Every sensitive member that AWS can answer with is declared by the facet that keeps it.

Each facet reads an answer that is made from botocore's description of its operation. Canaries stand in every member
that is marked `sensitive` there or whose name says that it holds a secret, and in the shared secrets of every policy.
What a facet keeps of them must be masked.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any, Final

import pytest
from botocore.model import OperationModel, ServiceModel, Shape

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.kind import AwsKind, Listing, at
from goldseam.clouds.aws.looks_secret import looks_secret
from goldseam.clouds.aws.sensitive import IN_POLICY
from goldseam.clouds.aws.service_data import ServiceData
from goldseam.control import masked
from goldseam.model.errors import MISSHAPEN
from goldseam.model.values import Json, canonical
from tests.aws.laws import ref_of

CATALOG = aws_catalog()
_CANARY: Final = re.compile(r"canary-(\w+)-([\w:]+)-\d+")
_HOLDS_VARIABLES: Final = re.compile(r"environment|variable|argument|userdata|buildspec", re.IGNORECASE)
"""Lists and maps of which the values are sensitive."""
_POLICY: Final = re.compile(
    r"(?<!redrive)(?<!redriveallow)(?<!ssl)(?<!security)(?<!lifecycle)polic(y|ies|y_?document|ytext|yinjson)$|^document$",
    re.IGNORECASE,
)
_SHARED: Final = re.compile(r"external_?id|referer|user_?agent|event_?source_?token", re.IGNORECASE)
"""Names of shared secrets that do not say that they are secret."""
_BAGS: Final = ("Policy", "RedrivePolicy", "KmsMasterKeyId", "word")
"""Keys of the maps of attributes in answers, among them those that facets look at."""
_FORMS: Final[Mapping[str, str]] = {
    "VersionId": "v1",
    "version": "1.31",
    "DestinationCidrBlock": "10.0.0.0/8",
    "RedrivePolicy": '{"deadLetterTargetArn": "word", "maxReceiveCount": 1}',
}
"""Texts that readers expect in a form of their own, by the name of the member."""
_SENSITIVE_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "definition": lambda canary: json.dumps({"States": {"A": {"Parameters": {"password": canary}}}}),
    "UserData": lambda canary: b64encode(f"#!/bin/sh\nexport PASSWORD={canary}".encode()).decode(),
    "userData": lambda canary: b64encode(f"#!/bin/sh\nexport PASSWORD={canary}".encode()).decode(),
    "Value": lambda canary: b64encode(f"#!/bin/sh\nexport PASSWORD={canary}".encode()).decode(),
}

ALLOWED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("aws.backup.vault", "tags"): ("Tags", "tags are labels; policies and facts select by them"),
    ("aws.codebuild.project", "environment"): ("credential", "the name of a secret in Secrets Manager"),
    ("aws.codebuild.report-group", "export"): ("encryptionKey", "the ARN of a KMS key"),
    ("aws.cognito.user-pool", "settings"): ("PreTokenGeneration", "the ARN of a Lambda function"),
    ("aws.eks.node-group", "remote_access"): ("ec2SshKey", "the name of a key pair"),
    ("aws.s3.bucket", "encryption"): ("KMSMasterKeyID", "the name of a KMS key, which the control is about"),
}
"""The member that botocore calls sensitive, or whose name looks so, and that is shown; by kind and facet, with why."""

UNREADABLE: Final[Mapping[tuple[str, str], str]] = {
    ("aws.apigatewayv2.stage", "protocol"): "a word for a protocol, of the API that has the stage's id",
    ("aws.ecr.repository", "lifecycle"): "rules on the age and the number of images",
    ("aws.ec2.security-group", "prefix_lists"): "networks of the prefix lists that its rules name",
    ("aws.iam.root", "idle"): "a number of days, out of a CSV report",
    ("aws.lambda.function", "blanket"): "names of policies of the function's role",
}
"""Facets that read nothing of a made answer, and why nothing sensitive can be in them."""


def _is_variable(holder: str, member: str) -> bool:
    return bool(_HOLDS_VARIABLES.search(holder)) and member.lower() == "value"


@cache
def described(operation: str) -> OperationModel:
    service, _, name = operation.partition(".")
    return ServiceModel(ServiceData().load_service_model(service, "service-2"), service).operation_model(name)


@dataclass
class Maker:
    """Makes answers, and remembers the canaries in them; of the words that a member may be, the first or the last."""

    last: bool = False
    made: list[str] = field(default_factory=list)

    def canary(self, what: str, member: str) -> str:
        self.made.append(f"canary-{what}-{member}-{len(self.made)}")
        return self.made[-1]

    def answer(self, operation: str) -> Json:
        shape = described(operation).output_shape
        return {} if shape is None else self._of(shape, "", ())

    def _of(self, shape: Shape, name: str, above: tuple[str, ...], *, sensitive: bool = False) -> Json:
        sensitive |= bool(shape.metadata.get("sensitive"))
        inner, kind = (*above, shape.name), shape.type_name
        if kind == "structure":
            members = shape.members.items() if shape.name not in above else ()
            return {
                key: self._of(item, key, inner, sensitive=sensitive or _is_variable(name, key))
                for key, item in members
                if key != "Error"
            }
        if kind == "list":
            return [self._of(shape.member, name, inner, sensitive=sensitive)]
        if kind == "map":
            return self._map(shape, name, inner, sensitive=sensitive or bool(_HOLDS_VARIABLES.search(name)))
        return self._leaf(shape, name, sensitive=sensitive)

    def _map(self, shape: Shape, name: str, inner: tuple[str, ...], *, sensitive: bool) -> Json:
        keys = shape.key.enum or (_BAGS if name == "Attributes" else ("word",))
        own = len(keys) > 1
        return {key: self._of(shape.value, key if own else name, inner, sensitive=sensitive) for key in keys}

    def _leaf(self, shape: Shape, name: str, *, sensitive: bool) -> Json:
        if shape.type_name in ("string", "character", "blob"):
            return self._text(getattr(shape, "enum", None) or (), name, sensitive=sensitive)
        if shape.type_name == "timestamp":
            return "2026-01-02T03:04:05+00:00"
        return shape.type_name == "boolean" or 1

    def _text(self, words: Sequence[str], name: str, *, sensitive: bool) -> str:
        if words:
            return words[-1] if self.last else words[0]
        if sensitive:
            return _SENSITIVE_FORMS.get(name, str)(self.canary("marked", name))
        if _POLICY.search(name):
            return self._policy()
        if name.lower().endswith("arn"):
            return "arn:aws:logs:eu-west-1:123456789012:log-group:word"
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        return (
            self.canary("named", name)
            if looks_secret(snake, "tiger-tiger") or _SHARED.search(name)
            else _FORMS.get(name, "word")
        )

    def _policy(self) -> str:
        keys = {path.rpartition(".")[2]: self.canary("shared", "policy") for path in IN_POLICY}
        statement = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
        return json.dumps({"Statement": [{**statement, "Condition": {"StringEquals": keys}}]})


@dataclass(eq=False)
class Answers:
    """Answers every question with something made."""

    maker: Maker

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Json:
        return self.maker.answer(operation)

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        found = at(self.maker.answer(operation), member)
        return found if isinstance(found, list) else []

    def today(self) -> str:
        return "2026-01-31"


def item_of(kind: AwsKind, maker: Maker) -> Json:
    find: Listing | None = kind.find
    if find is None:
        return None
    found = at(maker.answer(find.operation), find.items)
    return found[0] if isinstance(found, list) and found else None


def reads(kind: AwsKind, facet: AwsFacet) -> Iterator[Json]:
    """What the facet keeps of made answers, from the listing and from its own call."""
    for listed, last in product((True, False), (True, False)):
        maker = Maker(last)
        item = item_of(kind, maker) if listed else None
        try:
            yield facet.read(Answers(maker), ref_of(kind), item).value
        except (*MISSHAPEN, StopIteration):
            continue


PAIRS: Final = [
    (kind, facet)
    for kind in CATALOG.kinds
    for facet in kind.facets
    if isinstance(kind, AwsKind) and isinstance(facet, AwsFacet)
]
FACETS: Final = [pytest.param(*pair, id=f"{pair[0].name}-{pair[1].name}") for pair in PAIRS]


def kept(kind: AwsKind, facet: AwsFacet, *, whole: bool = False) -> set[tuple[str, str]]:
    """The sorts and the members of the canaries in what is shown of a facet, or in all that it keeps."""
    values = [value if whole else masked(value, facet) for value in reads(kind, facet)]
    return {match for value in values for match in _CANARY.findall(canonical(value).decode())}


@pytest.mark.parametrize(("kind", "facet"), FACETS)
def test_a_facet_masks_every_sensitive_member_that_it_keeps(kind: AwsKind, facet: AwsFacet) -> None:
    shown, _ = ALLOWED.get((kind.name, facet.name), ("", ""))
    assert {member for _, member in kept(kind, facet)} == ({shown} if shown else set())
    assert bool(list(reads(kind, facet))) == ((kind.name, facet.name) not in UNREADABLE)


def test_the_answers_are_full_of_what_facets_must_mask() -> None:
    """The search itself: canaries of each sort reach the values of facets, before they are masked."""
    found: dict[str, set[str]] = {}
    for kind, facet in PAIRS:
        for sort, _ in kept(kind, facet, whole=True):
            found.setdefault(sort, set()).add(f"{kind.name}.{facet.name}")
    assert {"aws.account.security_contact", "aws.cloudfront.distribution.comment"} <= found["marked"]
    assert {"aws.s3.bucket.policy", "aws.iam.role.trust", "aws.iam.role.inline", "aws.iam.policy.versions"} <= found[
        "shared"
    ]
    assert {"aws.lambda.function.policy", "aws.logs.region.policies", "aws.ses.identity.policies"} <= found["shared"]
    assert len(found["shared"]) >= 20


def test_a_policy_in_a_facet_is_always_declared() -> None:
    """A facet that holds policies says so by the one declaration of all policies."""
    policies = [facet for kind in CATALOG.kinds for facet in kind.facets if _holds_policies(facet)]
    assert len(policies) >= 20
    for facet in policies:
        assert any(path.endswith(IN_POLICY[0].removeprefix("Statement.")) for path in facet.sensitive), facet.name


def _holds_policies(facet: Any) -> bool:
    return facet.name in ("policy", "policies", "trust", "inline", "versions")
