"""A cloud in memory that can fail, lag and lie, with a kind of its own: the vault.

What it holds may be kept in a file, so that it outlives a process that is killed.
"""

from __future__ import annotations

import copy
import fcntl
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from goldseam.assess.evaluate import default_settings
from goldseam.audit.chain import SIGNED_KINDS
from goldseam.control import (
    Between,
    Call,
    Catalog,
    Control,
    Facet,
    Kind,
    Permission,
    ReadOnly,
    Severity,
    Step,
    Told,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
)
from goldseam.decide import Decision, Exemption
from goldseam.decide.policy import Limits, Mode
from goldseam.model.errors import (
    AccessDenied,
    AlreadyDone,
    CallFailed,
    CloudError,
    GrantRefused,
    PlanRefused,
    RefusedCall,
    ResourceGone,
    Throttled,
    Unreachable,
)
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value, canonical, plain, restored, same
from goldseam.ports import Gap, Key, Ledger, Locks, Receipt, Secret, Shard, WriterFactory
from goldseam.repair.apply import Doors
from goldseam.repair.approval import Approval, approve
from goldseam.repair.authorize import Leave, repair_behind
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.propose import propose
from goldseam.store import Home

CANARY: Final = "canary-KJ7x2QpVn0-do-not-keep-me"
"""Key material: no file, table, output or traceback may hold it."""


class FakeClock:
    """Time that passes only when someone waits."""

    def __init__(self) -> None:
        self.time = datetime(2030, 1, 7, 12, tzinfo=UTC)
        self.waited: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.time += timedelta(seconds=seconds)


def _call(ref: Ref, operation: str, **parameters: Json) -> Call:
    permission = Permission(f"vault:{operation}", ref.address)
    return Call(f"vault.{operation}", ref.region, {"Vault": ref.address, **parameters}, (permission,))


@dataclass(frozen=True)
class Whole(Facet):
    """A document: put whole, deleted when absent."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        if same(before, after):
            return ()
        if after is ABSENT:
            return (Step(self.name, _call(ref, "DeletePolicy"), ABSENT),)
        return (Step(self.name, _call(ref, "PutPolicy", Policy=after), after),)


@dataclass(frozen=True)
class Bag(Facet):
    """A set of items: what is new is added, then what is gone is removed."""

    def normal(self, value: Value) -> Value:
        return sorted(value or [], key=canonical)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        added, removed = [i for i in after if i not in before], [i for i in before if i not in after]
        steps = []
        if added:
            steps.append(Step(self.name, _call(ref, "AddRules", Rules=added), self.normal([*before, *added])))
        if removed:
            steps.append(Step(self.name, _call(ref, "RemoveRules", Rules=removed), self.normal(after)))
        return tuple(steps)


@dataclass(frozen=True)
class Dials(Facet):
    """An object of which only the fields that differ are sent."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        changed = {name: after[name] for name in after if before.get(name) != after[name]}
        return (Step(self.name, _call(ref, "SetDials", Fields=changed), after),) if changed else ()


@dataclass(frozen=True)
class Switch(Facet):
    """On or off; `one_way` ones cannot be switched off again."""

    on: str = ""
    off: str = ""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        if before is after:
            return ()
        operation = self.on if after else self.off
        if not operation:
            msg = f"{self.name} of {ref} is for good"
            raise PlanRefused(msg)
        return (Step(self.name, _call(ref, operation), after),)


class Seen(ReadOnly):
    """Only looked at."""


VAULT = Kind(
    "mem.vault",
    "vault",
    (
        Dials(name="dials"),
        Whole(name="policy"),
        Bag(name="rules"),
        Switch(name="sealed", on="Seal", off="Unseal"),
        Switch(name="welded", on="Weld"),
        Seen(name="contents"),
    ),
)


@control(
    "mem.vault.no-world-rule", VAULT, severity=Severity.HIGH, disrupts=may_disrupt("visitors"),
    compliant=[{"rules": ["office"]}], violating=[{"rules": ["office", "world:1"]}],
)  # fmt: skip
def no_world_rule(rules: list[str], *, instead: str = "") -> Verdict:
    """No rule lets the world in."""
    kept = [rule for rule in rules if not rule.startswith("world")]
    added = [instead] if instead and instead not in kept else []
    open_ones = ", ".join(rule for rule in rules if rule not in kept)
    return should_be(rules=[*kept, *added], because=f"{open_ones} lets the world in") if open_ones else compliant


@control(
    "mem.vault.private", VAULT, severity=Severity.CRITICAL, disrupts=harmless("nobody needs it", source="Toys, a page"),
    compliant=[{"policy": ABSENT}], violating=[{"policy": {"allow": ["*"]}}],
)  # fmt: skip
def private(policy: Value) -> Verdict:
    """The policy names nobody and everybody."""
    if policy is ABSENT or "*" not in policy["allow"]:
        return compliant
    kept = [who for who in policy["allow"] if who != "*"]
    return should_be(policy={**policy, "allow": kept} if kept else ABSENT, because="everybody is allowed")


@control(
    "mem.vault.dials-safe", VAULT, severity=Severity.MEDIUM, disrupts=harmless("it only counts", source="Toys, a page"),
    compliant=[{"dials": {"tries": 3, "tone": "low"}}], violating=[{"dials": {"tries": 99, "tone": "low"}}],
)  # fmt: skip
def dials_safe(dials: Mapping[str, Json], *, tries: Annotated[int, Between(1, 9)] = 3) -> Verdict:
    """Few tries are left."""
    return compliant if dials["tries"] <= tries else should_be(dials={**dials, "tries": tries}, because="many tries")


@control(
    "mem.vault.sealed", VAULT, severity=Severity.LOW, disrupts=harmless("it opens from within", source="Toys, a page"),
    compliant=[{"sealed": True}], violating=[{"sealed": False}],
)  # fmt: skip
def sealed(sealed: bool) -> Verdict:
    """The vault is sealed."""
    return compliant if sealed else should_be(sealed=True, because="it is not sealed")


@control(
    "mem.vault.welded", VAULT, severity=Severity.LOW, disrupts=harmless("nobody opens it", source="Toys, a page"),
    compliant=[{"welded": True}], violating=[{"welded": False}],
)  # fmt: skip
def welded(welded: bool) -> Verdict:
    """The vault is welded, for good."""
    return compliant if welded else should_be(welded=True, because="it is not welded")


@control(
    "mem.vault.guarded", VAULT, severity=Severity.LOW,
    disrupts=harmless("a guard is in nobody's way", source="Toys, a page"),
    compliant=[{"rules": [], "policy": ABSENT, "dials": {"tries": 3, "tone": "low"}}],
    violating=[{"rules": ["world:1"], "policy": {"allow": ["*"]}, "dials": {"tries": 12, "tone": "loud"}}],
)  # fmt: skip
def guarded(rules: list[str], policy: Value, dials: Mapping[str, Json]) -> Verdict:
    """Whoever is let in has few tries. It reads three facets."""
    if not rules and policy is ABSENT:
        return compliant
    if dials["tries"] <= 9:
        return compliant
    return should_be(dials={**dials, "tries": 9}, because=f"{dials['tries']} tries")


CONTROLS: Final = (no_world_rule, private, dials_safe, sealed)
CATALOG: Final = Catalog((VAULT,), (*CONTROLS, welded))
WATCHED: Final = Catalog((VAULT,), (*CONTROLS, welded, guarded))
"""The same with a control that reads three facets."""
PLENTY: Final = Limits(1000, 1000)
REF: Final = Ref("mem.vault", "acc", "here", "v1", "mem:acc:v1")
OTHER: Final = Ref("mem.vault", "acc", "there", "v2", "mem:acc:v2")
_OPEN: Final[Mapping[str, Value]] = {
    "dials": {"tries": 99, "tone": "low"},
    "policy": {"allow": ["*", "ann"], "note": "keep"},
    "rules": ["office", "world:1", "world:2"],
    "sealed": False,
    "welded": False,
    "contents": "gold",
}


def office_settings(control: Control, resource: Resource) -> Mapping[str, Json]:
    """Settings under which the rules take two calls: one adds, one removes."""
    return control.chosen({"instead": "cellar"}) if control is no_world_rule else default_settings(control, resource)


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next calls of an operation.

    denied: refused · lost: done, and no answer · cut: not done, and no answer · lie: answered, and not done ·
    broken: done, and answered with an error · echo: refused in words that repeat the key · meddle: someone else
    changes the same facet, then it is refused · doubt: done without an answer, sent again, and that one throttled ·
    hollow: the same, and not done.
    """

    operation: str
    how: str
    times: int = 1


@dataclass
class MemoryCloud:
    """The vaults, the sessions that may change them, and what is wrong today.

    `lag` is how many seconds pass before a reading shows a change. `unreadable` facets are unknown; `pending` says what
    a change waits for. `calls` lists every call that arrived with a key that was valid, in order. Where it is kept in a
    file, several processes share it, its time too; `ahead` is by how much this process's clock is wrong.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    vaults: dict[str, dict[str, Value]] = field(default_factory=lambda: {r.address: dict(_OPEN) for r in (REF, OTHER)})
    faults: list[Fault] = field(default_factory=list)
    lag: float = 0.0
    unreadable: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    deaf: int = 0
    calls: list[dict[str, Json]] = field(default_factory=list)
    granted: list[str] = field(default_factory=list)
    path: Path | None = None
    ahead: timedelta = timedelta()
    on_call: Callable[[Call, str], None] = lambda call, moment: None

    def __post_init__(self) -> None:
        self._past: list[tuple[datetime, dict[str, dict[str, Value]]]] = []
        self._latest = self.clock.now()
        self._refresh()

    def now(self) -> datetime:
        """The cloud's own time, by which it judges keys: the latest of all processes that share it."""
        self._latest = max(self._latest, self.clock.now() - self.ahead)
        return self._latest

    def _refresh(self) -> None:
        """What other processes did meanwhile."""
        if self.path is not None and self.path.exists():
            kept = json.loads(self.path.read_bytes())
            self.vaults = dict(restored(kept["vaults"]))  # type: ignore[arg-type]
            self.calls, self.granted = kept["calls"], kept["granted"]
            self._latest = max(self.now(), datetime.fromisoformat(kept["now"]))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes what is kept meanwhile."""
        if self.path is None:
            yield
            return
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            yield

    def grant(self, plan: str) -> datetime:
        """Note that a key is given for a plan, once; the cloud's time."""
        with self._alone():
            if plan in self.granted:
                msg = f"a key for plan `{plan}` was given before; make a new plan"
                raise AlreadyDone(msg)
            self.granted.append(plan)
            self.keep()
            return self.now()

    def keep(self) -> None:
        """Write everything to the file, in one step that a kill cannot cut in half."""
        if self.path is not None:
            draft = self.path.with_suffix(".draft")
            state = {"vaults": self.vaults, "calls": self.calls, "granted": self.granted, "now": self.now().isoformat()}
            draft.write_bytes(canonical(state))
            draft.replace(self.path)

    def hold(self, ref: Ref = REF) -> dict[str, Value]:
        """What a vault really holds."""
        return self.vaults[ref.address]

    def change(self, facet: str, value: Value, ref: Ref = REF) -> None:
        """Someone else's change."""
        self._remember()
        self.vaults[ref.address][facet] = value
        self.keep()

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        return (Shard("acc", "here"), Shard("acc", "there"))

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        for ref in (REF, OTHER):
            if ref.region == shard.region and ref.address in self.vaults:
                yield self.read(ref, wanted[VAULT])

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        return (self.read(resource.ref, names | resource.facets.keys()) for resource, names in lacking)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        if self.deaf:
            self.deaf -= 1
            raise Unreachable("no answer from the vaults; try again", operation="vault.Look")
        self._refresh()
        if ref.address not in self.vaults:
            msg = f"{ref} does not exist any more"
            raise ResourceGone(msg)
        shown = self._shown()[ref.address]
        values = {name: Unknown(self.unreadable[name]) if name in self.unreadable else shown[name] for name in facets}
        return Resource(ref, copy.deepcopy(values), dict(self.pending))

    def _shown(self) -> dict[str, dict[str, Value]]:
        """What a reading shows: the state of `lag` seconds ago."""
        seen = self.clock.now() - timedelta(seconds=self.lag)
        for ended, state in self._past:
            if seen < ended:
                return state
        return self.vaults

    def _remember(self) -> None:
        if self.lag:
            self._past.append((self.clock.now(), copy.deepcopy(self.vaults)))

    def open_writer(self, key: Key, calls: Sequence[Call]) -> MemoryWriter:
        return MemoryWriter(self, key, tuple(calls))

    def receive(self, call: Call, key: Key) -> Receipt:
        """A call arrives: it is done and answered, or not."""
        self.on_call(call, "before")
        with self._alone():
            if key.expires <= self.now():
                raise AccessDenied("the token has expired", code="Expired", operation=call.operation)
            number = f"req-{len(self.calls) + 1}"
            self.calls.append({"call": call.to_json(), "request": number})
            fault = next((item for item in self.faults if item.operation == call.operation and item.times), None)
            if fault is not None:
                fault.times -= 1
            error = self._trouble(call, key, fault.how if fault else "", number)
            self.keep()
        self.on_call(call, "after")
        if error is not None:
            raise error
        return Receipt(number, {})

    def _trouble(self, call: Call, key: Key, how: str, number: str) -> CloudError | None:
        told = {"operation": call.operation, "request_id": number}
        if how == "echo":
            return AccessDenied(f"the token {key.secret.reveal()['token']} is not allowed", code="Denied", **told)
        if how == "meddle":
            self.change("dials", {"tries": 50, "tone": "shrill"})
        if how in ("denied", "meddle"):
            return AccessDenied("not allowed; ask for permission", code="Denied", **told)
        if how == "cut":
            return Unreachable("no answer came", **told)
        done = None if how in ("hollow", "lie") else self._done(call)
        if how in ("doubt", "hollow"):
            return _in_doubt(**told)
        if how == "lost":
            return Unreachable("no answer came", **told)
        return CallFailed("something broke", code="Internal", **told) if how == "broken" else done

    def _done(self, call: Call) -> CloudError | None:
        self._remember()
        vault, given = self.vaults[call.parameters["Vault"]], call.parameters
        operation = call.operation.removeprefix("vault.")
        rules = vault["rules"]
        if operation == "AddRules" and set(given["Rules"]) & set(rules):
            return CallFailed("a rule is there already", code="Duplicate", operation=call.operation)
        if operation == "RemoveRules" and not set(given["Rules"]) <= set(rules):
            return CallFailed("a rule is not there", code="Missing", operation=call.operation)
        changes: dict[str, Callable[[], tuple[str, Value]]] = {
            "PutPolicy": lambda: ("policy", given["Policy"]),
            "DeletePolicy": lambda: ("policy", ABSENT),
            "AddRules": lambda: ("rules", sorted([*rules, *given["Rules"]])),
            "RemoveRules": lambda: ("rules", [rule for rule in rules if rule not in given["Rules"]]),
            "SetDials": lambda: ("dials", {**vault["dials"], **given["Fields"]}),
            "Seal": lambda: ("sealed", True),
            "Unseal": lambda: ("sealed", False),
            "Weld": lambda: ("welded", True),
        }
        name, value = changes[operation]()
        vault[name] = value
        return None


def _in_doubt(operation: str = "", request_id: str = "") -> Throttled:
    error = Throttled("slow down; try later", code="Throttling", operation=operation, request_id=request_id)
    error.uncertain = True
    return error


@dataclass
class MemoryWriter:
    """Sends the calls that it was opened for, and no other."""

    cloud: MemoryCloud
    key: Key
    calls: tuple[Call, ...]

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        if call not in self.calls:
            msg = f"{call.operation} is not in the plan; nothing was sent"
            raise RefusedCall(msg)
        return self.cloud.receive(call, self.key)


@dataclass
class MemoryKeys:
    """Gives a key for a plan, once."""

    cloud: MemoryCloud
    refuses: str = ""
    lasts: timedelta = timedelta(minutes=15)
    name: str = "keyholder"
    asked: list[tuple[Mapping[str, Json], Sequence[Mapping[str, Json]]]] = field(default_factory=list)

    def key_for(self, plan: Mapping[str, Json], approvals: Sequence[Mapping[str, Json]]) -> Key:
        self.asked.append((plan, approvals))
        if self.refuses:
            raise GrantRefused(self.refuses)
        return Key(self.name, self.cloud.grant(str(plan["id"])) + self.lasts, Secret(token=CANARY))


@dataclass
class Scene:
    """A home, a cloud and everything between them."""

    folder: Path
    cloud: MemoryCloud
    home: Home
    keys: MemoryKeys
    exemptions: list[Exemption] = field(default_factory=list)
    ledger: Ledger | None = None
    locks: Locks | None = None
    open_writer: WriterFactory | None = None

    @property
    def doors(self) -> Doors:
        return Doors(
            CATALOG,
            self.cloud,
            self.open_writer or self.cloud.open_writer,
            self.ledger or self.home.ledger,
            self.locks or self.home.locks,
            self.cloud.clock,
            lambda: tuple(self.exemptions),
            office_settings,
        )

    def plan(self, *wanted: Control, ref: Ref = REF, follows: str = "") -> Plan:
        """The plan that a scan makes now; for all controls that can be taken back unless some are named."""
        names = frozenset(facet.name for facet in VAULT.facets)
        now = self.cloud.read(ref, names)
        return propose(now, wanted or CONTROLS, CATALOG.controls, office_settings, follows=follows)

    def leave(
        self,
        plan: Plan,
        mode: Mode = Mode.AUTO,
        needed: int = 0,
        groups: tuple[str, ...] = (),
        limits: Limits = PLENTY,
    ) -> Leave:
        about = repair_behind(plan, self.home.ledger) if plan.purpose is Purpose.ROLLBACK else plan
        decisions = tuple(Decision(item, mode, "p", needed, groups, (), "v1", limits) for item in about.findings)
        return Leave("ann", decisions, self.keys)

    def later(self, minutes: float = 21) -> None:
        """Let time pass, here and at the cloud: after 21 minutes every key has expired, whatever clock is right."""
        self.cloud.clock.time += timedelta(minutes=minutes)
        self.cloud.keep()

    def approved(self, plan: Plan, by: str = "bob") -> None:
        approve(self.doors.ledger, Approval(plan.id, by, ("security",), self.cloud.clock.now().isoformat()))

    def kinds(self, plan: str | None = None) -> list[str]:
        """The kinds of the ledger's entries, in order, without the checkpoint right behind each that is signed so."""
        entries = list(self.home.ledger.entries(plan=plan))
        signed = {entry.seq + 1 for entry in entries if entry.kind in SIGNED_KINDS}
        return [entry.kind for entry in entries if not (entry.kind == "checkpoint" and entry.seq in signed)]

    def facts(self) -> Json:
        """What the vault really holds, as JSON."""
        return plain(self.cloud.hold())


def scene(folder: Path, *, kept: bool = False) -> Scene:
    """A fresh scene; `kept` lets the cloud outlive the process.

    The home stands on SQLite, or on the PostgreSQL database that a file `database` in the folder names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = folder / "database"
    database = named.read_text("utf-8") if named.exists() else ""
    cloud = MemoryCloud(path=folder / "cloud.json" if kept else None)
    return Scene(folder, cloud, Home(folder / "home", cloud.clock, database), MemoryKeys(cloud))
