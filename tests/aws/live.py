"""Plans there and back on an emulator, with the reader and the door of the real thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.write import AwsWriterFactory
from goldseam.control import Call, Catalog, Control, Kind
from goldseam.demo.emulator import ROOT_KEY, EmbeddedCloud
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, same
from goldseam.ports import Key, Secret, Shard
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, after, ref_of

ENDLESS = datetime(2100, 1, 1, tzinfo=UTC)


NOT_EMULATED = {"last_usage"}
"""Facets that no emulator answers about."""


@dataclass(frozen=True)
class Live:
    """An account of an emulator: prepared by the session, read by our reader, written by our writer."""

    endpoint: str
    kinds: tuple[AwsKind, ...]
    account: str
    region: str
    key_id: str
    session: AwsSession
    reader: AwsReader

    def client(self, service: str) -> Any:
        """A client of the SDK itself, to prepare the account with."""
        return boto3.client(
            service, region_name=self.region, endpoint_url=self.endpoint,
            aws_access_key_id=self.key_id, aws_secret_access_key=self.key_id,
        )  # fmt: skip

    def make(self, operation: str, **params: Json) -> Mapping[str, Json]:
        """Prepare the account by one call."""
        service, _, name = operation.partition(".")
        return self.session.guarded([(operation, params)]).call(service, name, self.region, **params)

    def ref(self, kind: Kind, name: str) -> Ref:
        return ref_of(kind, name, self.account, self.region)

    def found(self) -> dict[str, Resource]:
        """All resources of the kinds by id, each facet read."""
        wanted: dict[Kind, frozenset[str]] = {kind: frozenset(kind.facet_by_name) for kind in self.kinds}
        found = [
            item
            for region in ("global", self.region)
            for item in self.reader.scan(
                Shard(self.account, region),
                {kind: names for kind, names in wanted.items() if kind.account_wide == (region == "global")},
            )
        ]
        assert all(isinstance(item, Resource) for item in found), found
        return {item.ref.id: item for item in found if isinstance(item, Resource)}

    def read(self, ref: Ref, *facets: str) -> Resource:
        return self.reader.read(ref, frozenset(facets))

    def again(self, resource: Resource) -> Resource:
        return self.read(resource.ref, *resource.facets)

    def send(self, calls: Sequence[Call]) -> None:
        """Carry out calls of a plan."""
        factory = AwsWriterFactory(self.region, endpoint_url=self.endpoint)
        secret = Secret(access_key=self.key_id, secret_key=self.key_id)
        writer = factory(Key("operator", ENDLESS, secret, narrowed=False), calls)
        for call in calls:
            writer.call(call)

    def there_and_back(
        self, resource: Resource, *controls: Control, **settings: Mapping[str, Json]
    ) -> tuple[Plan, Resource]:
        """Repair, read, judge, take back, read: the plan, and the resource as it was read in between.

        Settings are given by the last word of a control's id.
        """
        chosen = {control.id: control.chosen(settings.get(control.id.rpartition(".")[2], {})) for control in controls}
        plan = propose(resource, controls, controls, lambda control, _: chosen[control.id])
        self.send(plan.calls)
        mended = self.again(resource)
        assert same(dict(mended.facets), dict(after(plan, resource).facets)), (mended.facets, plan.changes)
        judged = evaluate(mended, controls, lambda control, _: chosen[control.id])
        assert {finding.status for finding in judged} == {Status.PASS}, judged
        self.send(plan.undo)
        undone = self.again(resource)
        assert same(dict(undone.facets), dict(resource.facets)), (undone.facets, resource.facets)
        return plan, mended


def known(resource: Resource) -> bool:
    return not any(isinstance(value, Unknown) for name, value in resource.facets.items() if name not in NOT_EMULATED)


@contextmanager
def live(
    endpoint: str, *kinds: AwsKind, key_id: str = "testing", account: str = ACCOUNT, region: str = REGION
) -> Iterator[Live]:
    """The account of an emulator that asks for nothing but a key."""
    session = AwsSession.with_credentials(key_id, key_id, None, endpoint_url=endpoint)
    try:
        with AwsReader(session, Catalog(kinds, ()), (region,)) as reader:
            yield Live(endpoint, kinds, account, region, key_id, session, reader)
    finally:
        session.close()


@contextmanager
def embedded(cloud: EmbeddedCloud, *kinds: AwsKind) -> Iterator[Live]:
    """The account of the embedded cloud, entered as its root."""
    with live(cloud.endpoint, *kinds, key_id=ROOT_KEY, account=cloud.account_id, region=cloud.region) as entered:
        yield entered
