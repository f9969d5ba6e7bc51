"""The laws that every control and facet keeps on its own examples, and a live account to prove them on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3

from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.write import AwsWriterFactory, check_calls
from goldseam.control import Call, Catalog, Compliant, Control, Example, Kind, ShouldBe, Violation
from goldseam.errors import PlanRefused
from goldseam.evaluate import Status, evaluate, verdict_on
from goldseam.plan import Plan, propose
from goldseam.ports import Key, Secret
from goldseam.resource import Ref, Resource
from goldseam.values import Json, Unknown, Value, same

ACCOUNT = "111122223333"
REGION = "eu-west-1"
ENDLESS = datetime(2100, 1, 1, tzinfo=UTC)


def ref_of(kind: Kind, name: str = "example", account: str = ACCOUNT, region: str = REGION) -> Ref:
    assert isinstance(kind, AwsKind)
    return kind.ref("aws", account, "global" if kind.account_wide else region, name)


def resource_of(kind: Kind, facets: Mapping[str, Value]) -> Resource:
    return Resource(ref_of(kind), {name: kind.facet(name).normal(value) for name, value in facets.items()})


def held(resource: Resource, name: str) -> Value:
    value = resource.facets[name]
    assert not isinstance(value, Unknown), value
    return value


def after(plan: Plan, resource: Resource) -> Resource:
    return resource.with_facets({change.facet: change.after for change in plan.changes})


def keeps_its_laws(control: Control) -> None:
    for example in control.compliant:
        verdict = verdict_on(control, resource_of(control.kind, example.facets), control.chosen(example.settings))
        assert isinstance(verdict, Compliant), (control.id, verdict)
    for example in control.violating:
        _is_violated(control, example)


def _is_violated(control: Control, example: Example) -> None:
    resource, settings = resource_of(control.kind, example.facets), control.chosen(example.settings)
    verdict = verdict_on(control, resource, settings)
    assert isinstance(verdict, (ShouldBe, Violation)), (control.id, example)
    assert verdict.because
    if isinstance(verdict, Violation):
        assert verdict.guide
        return
    plan = propose(resource, [control], [control], lambda _c, _r: settings)
    mended = after(plan, resource)
    _is_mended(control, mended, settings)
    for name, value in (example.leaves or {}).items():
        assert same(mended.facets[name], control.kind.facet(name).normal(value)), (control.id, mended.facets[name])
    _leads_there_and_back(control.kind, resource, mended)
    check_calls((*plan.calls, *plan.undo))


def _is_mended(control: Control, mended: Resource, settings: Mapping[str, Json]) -> None:
    assert evaluate(mended, [control], lambda _c, _r: settings)[0].status is Status.PASS, control.id
    try:
        propose(mended, [control], [control], lambda _c, _r: settings)
    except PlanRefused:
        return
    raise AssertionError(f"{control.id} has something to change on what it mended")


def _leads_there_and_back(kind: Kind, before: Resource, mended: Resource) -> None:
    for name in before.facets:
        facet = kind.facet(name)
        one, other = before.facets[name], mended.facets[name]
        if same(one, other):
            continue
        there, back = facet.write(before.ref, one, other), facet.write(before.ref, other, one)
        assert there, name
        assert same(there[-1].leaves, other), name
        assert same(back[-1].leaves, one), name
        assert facet.write(before.ref, other, other) == ()


def says_its_piece(controls: Iterable[Control], *, no_requirements: frozenset[str] = frozenset()) -> None:
    for control in controls:
        assert control.title, control.id
        assert control.why, control.id
        assert not control.title.endswith("."), control.id
        assert control.disruption.harms or control.disruption.why, control.id
        assert control.requirements or control.id in no_requirements, control.id


@dataclass(frozen=True)
class Live:
    """An account on an emulator: read by our reader, written by our writer."""

    endpoint: str
    account: str
    region: str
    key_id: str
    reader: AwsReader

    def ref(self, kind: Kind, name: str) -> Ref:
        return ref_of(kind, name, self.account, self.region)

    def read(self, ref: Ref, *facets: str) -> Resource:
        return self.reader.read(ref, frozenset(facets))

    def make(self, calls: Sequence[Call]) -> None:
        factory = AwsWriterFactory(self.region, endpoint_url=self.endpoint)
        secret = Secret(access_key=self.key_id, secret_key=self.key_id)
        writer = factory(Key("operator", ENDLESS, secret, narrowed=False), calls)
        for call in calls:
            writer.call(call)

    def client(self, service: str) -> Any:
        return boto3.client(
            service, region_name=self.region, endpoint_url=self.endpoint,
            aws_access_key_id=self.key_id, aws_secret_access_key=self.key_id,
        )  # fmt: skip

    def repaired_and_undone(self, resource: Resource, controls: Sequence[Control]) -> tuple[Plan, Resource]:
        """Repair, read, judge, undo, read: the resource as it was read between."""
        facets = tuple(resource.facets)
        plan = propose(resource, controls, controls)
        self.make(plan.calls)
        mended = self.read(resource.ref, *facets)
        assert same(dict(mended.facets), dict(after(plan, resource).facets)), (mended.facets, plan.changes)
        assert {finding.status for finding in evaluate(mended, controls)} == {Status.PASS}
        self.make(plan.undo)
        undone = self.read(resource.ref, *facets)
        assert same(dict(undone.facets), dict(resource.facets)), undone.facets
        return plan, mended


@contextmanager
def live(
    endpoint: str, account: str, kinds: Iterable[Kind], region: str = REGION, key_id: str = "test"
) -> Iterator[Live]:
    session = AwsSession.with_credentials(key_id, key_id, None, endpoint_url=endpoint)
    with AwsReader(session, Catalog(tuple(kinds), ()), (region,)) as reader:
        yield Live(endpoint, account, region, key_id, reader)
