"""An AWS emulator as a place to prove on: read by the real reader, written by the real writer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from goldseam.clouds.aws.ask import Memo, reason
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.facet import Address, AwsFacet
from goldseam.clouds.aws.governor import Governors
from goldseam.clouds.aws.iam_actions import iam_actions
from goldseam.clouds.aws.keys import Order, minted
from goldseam.clouds.aws.kind import AwsKind, at, filled
from goldseam.clouds.aws.permissions import policy_of, remediator_policy, scan_operations, scanner_policy
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.reading import item_now
from goldseam.clouds.aws.write import AwsWriter, check_calls, hiding
from goldseam.clouds.bounds import Bounds
from goldseam.control import Call, Catalog, Example, Facet, Kind, Permission, Step
from goldseam.model.errors import AccessDenied, CloudError, PlanRefused, ResourceGone
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, Value, canonical, same
from goldseam.ports import Key
from goldseam.proving.cases import reworded
from goldseam.proving.ground import CannotPlace, Hand, NothingAsked, PlacedExample, all_mighty

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"
"""The account that examples speak of."""

_PATIENT: Final = Bounds(connect=60.0, silence=600.0, read=900.0, resource=3600.0, listing=3600.0, failures=10_000)
"""An emulator that shares its machine is slow and never gone: what is proved there does not depend on the load."""
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
_VOLATILE: Final = frozenset(
    (
        "LastModifiedTimestamp", "LatestRestorableTime", "LatestDeliveryTime", "StartLoggingTime", "StopLoggingTime",
        "TimeLoggingStarted", "TimeLoggingStopped", "LatestDeliveryAttemptTime", "LatestNotificationAttemptTime",
        "LatestDeliveryAttemptSucceeded", "LatestNotificationAttemptSucceeded",
    )
)  # fmt: skip
"""Members of answers that move by themselves."""


@dataclass(frozen=True)
class FixtureResult:
    """What a fixture made: the resource, one beside it, and what stands here for words of the examples."""

    ref: Ref
    words: Mapping[str, str] = field(default_factory=dict)
    neighbours: tuple[Ref, ...] = ()


def _always(value: Value) -> bool:
    del value
    return True


@dataclass(frozen=True)
class Lack:
    """What one emulator has no way to show of a facet (for some values only, where `of` says so), and why."""

    ground: str
    facet: str
    why: str
    of: Callable[[Value], bool] = _always


@dataclass(frozen=True)
class Fixture:
    """How a kind's resources are made on an emulator.

    `make` makes a fresh one and a neighbour; it is told the example's facets, for what can be chosen only then. `puts`
    brings look-only facets to a value. `normal` names the members of answers that have several spellings, which facets
    bring to one. `unasked` are the actions that AWS asks for beside a call's own, and no emulator does.
    """

    make: Callable[[EmulatedGround, str, Mapping[str, Value]], FixtureResult]
    puts: Mapping[str, Callable[[EmulatedGround, Ref, Value], None]] = field(default_factory=dict)
    lacks: tuple[Lack, ...] = ()
    normal: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()


class Calendar:
    """A clock that can be set ahead, so that what is made now is old."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        """Not at all."""
        del seconds


class Recorder:
    """A session that keeps the last answer to each question."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self.answers: dict[str, Json] = {}

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        """One call."""
        question = f"{service}.{operation} {json.dumps(params, sort_keys=True)}"
        try:
            answer = self._session.call(service, operation, region, **params)
        except CloudError as error:
            self.answers[question] = error.code
            raise
        self.answers[question] = dict(answer)
        return answer

    def pages(
        self, service: str, operation: str, region: str | None = None, /, **params: Json
    ) -> Iterator[Mapping[str, Json]]:
        """Every page."""
        held = [dict(page) for page in self._session.pages(service, operation, region, **params)]
        self.answers[f"{service}.{operation} {json.dumps(params, sort_keys=True)}"] = held
        yield from held

    def account_id(self) -> str:
        """The account."""
        return self._session.account_id()

    def partition(self) -> str:
        """The partition."""
        return self._session.partition()

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        """The regions."""
        return self._session.regions(wanted, fallback=fallback)


def _without(answer: Json, members: frozenset[str]) -> Json:
    if isinstance(answer, dict):
        return {key: _without(value, members) for key, value in answer.items() if key not in members}
    if isinstance(answer, list):
        return sorted((_without(item, members) for item in answer), key=canonical)
    return answer


class EmulatedGround:
    """One emulator, one account, one region, and the catalogue that is proved there."""

    def __init__(
        self, name: str, endpoint: str, account: str, catalog: Catalog, fixtures: Mapping[str, Fixture], *,
        enforces: bool = False, empty: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.endpoint, self.account, self.catalog = name, endpoint, account, catalog
        self.fixtures, self.denies, self._empty = fixtures, enforces, empty
        self.calendar = Calendar()
        self._governors = Governors(sleep=lambda _: None)
        self.session = self._session("test", "test", None)
        self._recorder = Recorder(self.session)
        self._reader = AwsReader(self._recorder, catalog, (REGION,), workers=4, clock=self.calendar, bounds=_PATIENT)
        self._made = 0
        self._roles: dict[str, str] = {}
        self._unread: dict[tuple[str, str], Resource] = {}

    def close(self) -> None:
        """Stop the threads and close the connections."""
        self._reader.close()
        self.session.close()

    def harmless(self) -> Permission:
        """To ask who one is, which everybody may."""
        return Permission("sts:GetCallerIdentity", "*")

    def cleared(self) -> None:
        """Forget everything, so that no list grows long."""
        if self._empty:
            self._empty()
        self._roles.clear()

    def make(self, operation: str, region: str = REGION, /, **params: Json) -> Mapping[str, Any]:
        """One call with every right, to prepare what is proved on."""
        service, _, name = operation.partition(".")
        return self.session.call(service, name, region, **params)

    # A place for examples

    def place(self, kind: Kind, example: Example) -> PlacedExample:
        """A fresh resource at the example's state, and one beside it; raises CannotPlace."""
        placed = self.base(kind, example, example)
        self._put(placed, self.fixtures[kind.name])
        return placed

    def base(self, kind: Kind, example: Example, other: Example) -> PlacedExample:
        """A fresh resource as the emulator makes it, and one beside it; raises CannotPlace."""
        del other
        if kind.name in self.fixtures:
            self._check(self.fixtures[kind.name], example.facets)
        return self.bare(kind, example)

    def bare(self, kind: Kind, example: Example) -> PlacedExample:
        """The same, although the emulator may have no way to show the example's state; it must have its facets."""
        fixture = self.fixtures.get(kind.name)
        if fixture is None or not isinstance(kind, AwsKind):
            raise CannotPlace("no fixture makes resources of the kind there")
        self._check(fixture, {name: value for name, value in example.facets.items() if self._lacks(fixture, name)})
        self._made += 1
        self.calendar.ahead = timedelta()
        try:
            made = fixture.make(self, f"goldseam-{self._made}", example.facets)
        except CloudError as error:
            raise CannotPlace(f"{error.operation} is refused there ({error.code})") from error
        there = reworded(example, {**made.words, ACCOUNT: self.account})
        ref, *neighbours = (self._addressed(kind, each) for each in (made.ref, *made.neighbours))
        return PlacedExample(kind, ref, there, tuple(neighbours))

    def _addressed(self, kind: AwsKind, ref: Ref) -> Ref:
        """The reference with the address that the emulator's listing states, as a scan would make it."""
        find = kind.find
        if find is None or not find.address:
            return ref
        try:
            item = item_now(Memo(self.session, ""), replace(ref, address="*"), kind, find)
        except (CloudError, ResourceGone):
            return ref
        return replace(ref, address=str(at(item, find.address) or ref.address))

    def _check(self, fixture: Fixture, facets: Mapping[str, Value]) -> None:
        """Raise CannotPlace for what the emulator is known to have no way to show."""
        for lack in fixture.lacks:
            if lack.ground == self.name and lack.facet in facets and lack.of(facets[lack.facet]):
                raise CannotPlace(lack.why)

    def _lacks(self, fixture: Fixture, facet: str) -> bool:
        """Whether the emulator does not have the facet at all."""
        return any(
            lack.ground == self.name and lack.facet == facet and lack.of is _always for lack in fixture.lacks
        )  # fmt: skip

    def _put(self, placed: PlacedExample, fixture: Fixture) -> None:
        kind = placed.kind
        for name in (facet.name for facet in kind.facets if facet.name in placed.example.facets):
            wanted = kind.facet(name).normal(placed.example.facets[name])
            self._bring(kind.facet(name), placed.ref, wanted, fixture)
            for ref in placed.neighbours:
                with suppress(CannotPlace):  # beside it anything may be, as long as it stays
                    self._bring(kind.facet(name), ref, wanted, fixture)
        found = self.now(placed).facets
        for name, value in placed.example.facets.items():
            shown = found[name]
            if isinstance(shown, Unknown):
                raise CannotPlace(f"{name} cannot be read there: {shown.reason}")
            if not same(shown, kind.facet(name).normal(value)):
                raise CannotPlace(f"{name} cannot be brought to the example's value there")

    def _bring(self, facet: Facet, ref: Ref, wanted: Value, fixture: Fixture) -> None:
        now = self._reader.read(ref, frozenset({facet.name})).facets[facet.name]
        if isinstance(now, Unknown):
            raise CannotPlace(f"{facet.name} cannot be read there: {now.reason}")
        if same(now, wanted):
            return
        try:
            if facet.name in fixture.puts:
                fixture.puts[facet.name](self, ref, wanted)
            else:
                self._send(ref, facet.write(ref, now, wanted))
        except CloudError as error:
            raise CannotPlace(f"{error.operation} is refused there ({error.code})") from error
        except PlanRefused as error:
            raise CannotPlace(f"no call brings {facet.name} to the example's value") from error

    def _send(self, ref: Ref, steps: Sequence[Step]) -> None:
        for step in steps:
            words = self._reader.read(ref, step.call.asks).told if step.call.asks else {}
            service, _, name = step.call.operation.partition(".")
            region = None if step.call.region == "global" else step.call.region
            self.session.call(service, name, region, **step.call.filled(words))

    # What the stages use

    def now(self, placed: PlacedExample, ref: Ref | None = None) -> Resource:
        """Every facet, read afresh."""
        self._recorder.answers.clear()
        return self._reader.read(ref or placed.ref, placed.everything)

    def eye(self) -> AwsReader:
        """The real reader."""
        return self._reader

    def hand(self, key: Key, calls: Sequence[Call]) -> Hand:
        """The real writer, as the owner of the account; the guard below it is law 6's, where it costs a client each."""
        check_calls(calls)
        return AwsWriter(self.session, calls, hiding(key.secret), REGION, self.calendar)

    def told(self, steps: Sequence[Step]) -> None:
        """An emulator knows by itself what calls do."""
        del steps

    def meddle(self, placed: PlacedExample, facet: str, value: Value) -> None:
        """Someone else's change."""
        before, names = self._reader.read(placed.ref, frozenset({facet})), frozenset({facet})
        self._bring(placed.kind.facet(facet), placed.ref, value, self.fixtures[placed.kind.name])
        if same(before.facets[facet], self._reader.read(placed.ref, names).facets[facet]):
            raise CannotPlace(f"nobody can change {facet} there")

    def restore(self, placed: PlacedExample, facet: str, value: Value) -> None:
        """Bring a facet back with every right."""
        self.meddle(placed, facet, value)

    def raw(self, placed: PlacedExample) -> Mapping[str, Json]:
        """Every answer of the last reading, whole."""
        lasting = _VOLATILE | self.fixtures[placed.kind.name].normal
        return {question: _without(answer, lasting) for question, answer in self._recorder.answers.items()}

    # Permissions

    def grant(self, permissions: Sequence[Permission]) -> Callable[[Sequence[Call]], Hand]:
        """A session of the remediator's role, narrowed to these permissions."""
        role = self._role("remediator", lambda: remediator_policy(self.catalog.controls, account=self.account))
        session = self._narrowed(role, policy_of(permissions))

        def opened(calls: Sequence[Call]) -> Hand:
            door = session.guarded((call.operation, call.parameters) for call in calls)
            return AwsWriter(door, calls, hiding(all_mighty().secret), REGION, self.calendar)

        return opened

    def denied(self, placed: PlacedExample, facet: str) -> Resource:
        """The resource as the scanner's role reads it when the calls behind one facet are refused."""
        lens = placed.kind.facet(facet)
        if not self.denies or not isinstance(lens, AwsFacet):
            raise CannotPlace("permissions are not enforced there")
        feeding = lens.read_operations or _listing(placed.kind)
        if not feeding or isinstance(lens, Address):
            raise NothingAsked(f"no call reads {facet}")
        key = (placed.kind.name, facet)
        if key not in self._unread:
            self._unread[key] = self._denied(placed, feeding)
        seen = self._unread[key]
        return Resource(placed.ref, {**self.now(placed).facets, facet: seen.facets[facet]})

    def _denied(self, placed: PlacedExample, feeding: Sequence[str]) -> Resource:
        role = self._role("scanner", lambda: scanner_policy(self.catalog))
        refused = {action for operation in feeding for action in iam_actions(operation)}
        operations = scan_operations(placed.kind, placed.everything)
        every = {action for operation in operations for action in iam_actions(operation)}
        rest = (every - refused) or {"sts:GetCallerIdentity"}
        session = self._narrowed(role, policy_of(Permission(action, "*") for action in rest))
        with AwsReader(session, self.catalog, (REGION,), workers=4, clock=self.calendar, bounds=_PATIENT) as reader:
            try:
                return reader.read(placed.ref, placed.everything)
            except AccessDenied as error:  # nothing of the resource can be told
                return Resource(placed.ref, dict.fromkeys(placed.everything, Unknown(reason(error))))

    def unasked(self, placed: PlacedExample) -> frozenset[str]:
        """What the kind's fixture says of it."""
        return self.fixtures[placed.kind.name].unasked

    def readings(self, placed: PlacedExample) -> Sequence[Call]:
        """The calls that the facets of the resource are read by."""
        fixture = self.fixtures[placed.kind.name]
        facets = [facet for facet in placed.kind.facets if isinstance(facet, AwsFacet) and facet.get]
        facets = [facet for facet in facets if not self._lacks(fixture, facet.name)]
        calls = {}
        for facet in facets:
            if facet.get:
                parameters = filled(facet.get.parameters, placed.ref)
                region = REGION if placed.ref.region == "global" else placed.ref.region
                actions = (Permission(action, placed.ref.address) for action in iam_actions(facet.get.operation))
                calls[facet.get.operation] = Call(facet.get.operation, region, parameters, tuple(actions))
        return list(calls.values())

    def _role(self, name: str, policy: Callable[[], Mapping[str, Json]]) -> str:
        if name not in self._roles:
            made = self.make("iam.CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
            document = json.dumps(policy())
            self.make("iam.PutRolePolicy", RoleName=name, PolicyName=name, PolicyDocument=document)
            self._roles[name] = made["Role"]["Arn"]
        return self._roles[name]

    def _narrowed(self, role: str, policy: Mapping[str, Json]) -> AwsSession:
        text = json.dumps(policy, separators=(",", ":"))
        parts = minted(self.session, Order(role, "conform", text, "conform")).secret.reveal()
        return self._session(parts["access_key"], parts["secret_key"], parts["session_token"])

    def _session(self, access_key: str, secret: str, token: str | None) -> AwsSession:
        return AwsSession.with_credentials(
            access_key, secret, token, endpoint_url=self.endpoint, governors=self._governors, attempts=1,
            bounds=_PATIENT,
        )  # fmt: skip


def _listing(kind: Kind) -> tuple[str, ...]:
    return (kind.find.operation,) if isinstance(kind, AwsKind) and kind.find else ()
