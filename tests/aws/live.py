"""A plan there and back on an emulator, with the reader and the door of the real thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.read import AwsReader
from goldseam.control import Call, Catalog, Control, Kind
from goldseam.plan import Plan, propose
from goldseam.ports import Shard
from goldseam.resource import Resource
from goldseam.values import Json, Unknown, same

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@dataclass(frozen=True)
class Live:
    """One kind in one account of an emulator."""

    session: AwsSession
    reader: AwsReader
    kind: AwsKind
    account: str
    region: str

    def make(self, operation: str, **params: Json) -> Mapping[str, Json]:
        """Prepare the account."""
        service, _, name = operation.partition(".")
        return self.session.guarded([(operation, params)]).call(service, name, self.region, **params)

    def found(self) -> dict[str, Resource]:
        """All resources of the kind by id, each facet read."""
        shard = Shard(self.account, "global" if self.kind.account_wide else self.region)
        wanted: dict[Kind, frozenset[str]] = {self.kind: frozenset(self.kind.facet_by_name)}
        found = list(self.reader.scan(shard, wanted))
        assert all(isinstance(item, Resource) for item in found), found
        return {item.ref.id: item for item in found if isinstance(item, Resource)}

    def again(self, resource: Resource) -> Resource:
        return self.reader.read(resource.ref, frozenset(resource.facets))

    def there_and_back(self, resource: Resource, *controls: Control, **settings: Mapping[str, Json]) -> Plan:
        """Repair, look, take back, look: what is read is what was predicted, and then what was there before."""
        chosen = {control.id: control.chosen(settings.get(control.id.rpartition(".")[2], {})) for control in controls}
        plan = propose(resource, list(controls), list(controls), lambda control, _: chosen[control.id])
        self._send(plan.calls)
        fixed = self.again(resource)
        for change in plan.changes:
            assert same(fixed.facets[change.facet], change.after), (change.facet, fixed.facets[change.facet])
        untouched = set(resource.facets) - {change.facet for change in plan.changes}
        assert all(same(fixed.facets[name], resource.facets[name]) for name in untouched)
        self._send(plan.undo)
        back = self.again(resource)
        for name, value in resource.facets.items():
            assert same(back.facets[name], value), (name, back.facets[name], value)
        return plan

    def _send(self, calls: Iterable[Call]) -> None:
        for call in calls:
            door = self.session.guarded([(call.operation, call.parameters)])
            service, _, name = call.operation.partition(".")
            door.call(service, name, call.region, **call.parameters)


def known(resource: Resource) -> bool:
    return not any(isinstance(value, Unknown) for value in resource.facets.values())


@contextmanager
def live(url: str, kind: AwsKind, key: str = "testing", account: str = ACCOUNT, region: str = REGION) -> Iterator[Live]:
    session = AwsSession.with_credentials(key, key, None, endpoint_url=url)
    try:
        with AwsReader(session, Catalog((kind,), ()), (region,)) as reader:
            yield Live(session, reader, kind, account, region)
    finally:
        session.close()
