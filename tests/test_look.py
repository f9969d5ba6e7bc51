"""One fresh reading decides: facets, tags and facts of one look, and nothing that was stored or read for another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goldseam.assess.collect import Collection, Nearby
from goldseam.assess.context import Fact, gather
from goldseam.assess.evaluate import Status
from goldseam.control import (
    Answer,
    Catalog,
    Earlier,
    Facet,
    FactRule,
    Kind,
    Known,
    Lookup,
    Severity,
    Step,
    Surroundings,
    Verdict,
    compliant,
    control,
    fact,
    known,
    may_disrupt,
    should_be,
)
from goldseam.decide.policy import Mode, PolicySet, load_policies
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Unknown, Value
from goldseam.ports import Gap, Shard
from goldseam.service.pipeline import Seen, Standing, judged, look, plan_for, scan

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Plain(Facet):
    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        return ()


VAULT = Kind("test.vault", "vault", tuple(Plain(name=name) for name in ("lock", "tags", "visits", "alarm")))
GUEST = Kind("test.guest", "guest", (Plain(name="inside"),))
BADGE = Kind("test.badge", "badge", (Plain(name="holder"),))
KEY = Kind("test.key", "key", (Plain(name="opens"),))
ONE, TWO = (Ref("test.vault", "acc", "here", name, name) for name in ("one", "two"))


@control(
    "test.vault.locked", VAULT, severity=Severity.HIGH,
    disrupts=may_disrupt("who is inside stays inside", unless={"empty": True, "quiet": True}),
    compliant=[{"lock": "on"}], violating=[{"lock": "off"}],
)  # fmt: skip
def locked(lock: Value) -> Verdict:
    """The vault is locked."""
    return compliant if lock == "on" else should_be(lock="on", because="unlocked")


@control(
    "test.guest.known", GUEST, severity=Severity.LOW, disrupts=may_disrupt("the guest"),
    compliant=[{"inside": "one"}], violating=[{"inside": ABSENT}],
)  # fmt: skip
def known_guest(inside: Value) -> Verdict:
    """A guest is somewhere."""
    return should_be(inside="one", because="nowhere") if inside is ABSENT else compliant


@fact("quiet", VAULT, bool, lag=4 * HOUR, source="Vault Guide, Visits")
def quiet(visits: int, *, around: Surroundings) -> Answer:
    """Whether nobody came."""
    del around
    return known(visits == 0, f"{visits} visits")


def guests(around: Surroundings) -> tuple[str, ...]:
    found = around.of(GUEST)
    return () if isinstance(found, Unknown) else tuple(g.ref.id for g in found if g.facets["inside"] == around.ref.id)


@fact("empty", VAULT, bool, needs={GUEST: ("inside",)})
def empty(*, around: Surroundings) -> Answer:
    """Whether nobody is inside."""
    return known(not guests(around), f"inside: {guests(around)}")


@fact("guests", VAULT, list, needs={GUEST: ("inside",)})
def guest_list(*, around: Surroundings) -> Answer:
    """Who is inside."""
    return known(list(guests(around)), "seen")


@fact("managed_by", VAULT, str, lookups={BADGE: Lookup(("holder",), lambda ref: replace(ref, kind=BADGE.name))})
def managed_by(*, around: Surroundings) -> Answer:
    """Who holds the badge."""
    badges = around.of(BADGE)
    if isinstance(badges, Unknown):
        return badges
    (badge,) = badges
    holder = badge.facets["holder"]
    return holder if isinstance(holder, Unknown) else known(holder, "by the badge")


@fact("keyed", VAULT, bool, glances={KEY: ("opens",)})
def keyed(*, around: Surroundings) -> Answer:
    """Whether a key opens it."""
    keys = around.of(KEY)
    if isinstance(keys, Unknown):
        return keys
    return known(any(item.facets["opens"] == around.ref.id for item in keys), "keys were looked at")


RULES = (quiet, empty, guest_list, managed_by, keyed)
CATALOG = Catalog.of([])
CATALOG = replace(CATALOG, kinds=(VAULT, GUEST, BADGE, KEY), controls=(locked, known_guest), facts=RULES)


def policies(*when: str) -> PolicySet:
    clauses = ", ".join(f"'{clause}'" for clause in when or ("true",))
    text = f"version: 2\npolicies:\n- {{name: a, controls: '*', mode: auto, when: [{clauses}]}}\n"
    return load_policies(text, "a.yaml", CATALOG)


@dataclass
class Ticking:
    """A clock that goes on by an hour at each reading, as slow readings do."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class House:
    """Two vaults, their guests, badges and keys, all of which change while nobody looks."""

    clock: Ticking = field(default_factory=Ticking)
    facets: dict[str, dict[str, Value]] = field(
        default_factory=lambda: {
            name: {"lock": "off", "tags": {}, "visits": 0, "alarm": "off"} for name in ("one", "two")
        }
    )
    inside: dict[str, Value] = field(default_factory=dict)
    holders: dict[str, Value] = field(default_factory=dict)
    opens: dict[str, Value] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        return (Shard("acc", "here"),)

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        for kind in wanted:
            self.asked[f"list {kind.name}"] += 1
            self.clock.time += HOUR
            if kind == VAULT:
                yield from (self._vault(ref, wanted[kind]) for ref in (ONE, TWO))
            held = {"test.guest": ("inside", self.inside), "test.key": ("opens", self.opens)}.get(kind.name)
            for name, value in held[1].items() if held else ():
                yield Resource(Ref(kind.name, "acc", "here", name, name), {held[0]: value} if held else {})

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        for resource, names in list(lacking):
            if resource.ref.kind == BADGE.name:
                self.asked[f"badge {resource.ref.id}"] += 1
                yield Resource(resource.ref, {"holder": self.holders.get(resource.ref.id, "")})
            else:
                self.asked[f"more {resource.ref.id}"] += 1
                yield resource.with_facets(self._vault(resource.ref, names).facets)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        self.asked[f"read {ref.id}"] += 1
        self.clock.time += HOUR
        return self._vault(ref, facets)

    def _vault(self, ref: Ref, facets: frozenset[str]) -> Resource:
        return Resource(ref, {name: self.facets[ref.id][name] for name in facets})


def looked(house: House, ref: Ref = ONE, *when: str) -> Seen:
    return look(house, CATALOG, Standing(policies(*when)), ref, house.clock)


def mode_of(seen: Seen) -> Mode:
    (decision,) = seen.decisions
    return decision.mode


def values(seen: Seen) -> dict[str, Any]:
    return {item.name: item.value for item in seen.facts}


CHANGES: Mapping[str, Callable[[House], None]] = {
    "visits": lambda house: house.facets["one"].update(visits=3),
    "guests": lambda house: house.inside.update(ann="one"),
    "owner": lambda house: house.holders.update(one="terraform"),
    "denied": lambda house: house.holders.update(one=Unknown("access denied")),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_look_decides_on_what_is_read_now(change: str) -> None:
    house = House()
    assert (mode_of(looked(house)), mode_of(looked(house, TWO))) == (Mode.AUTO, Mode.AUTO)
    CHANGES[change](house)
    # what holds of one vault holds of that one alone
    assert (mode_of(looked(house)), mode_of(looked(house, TWO))) == (Mode.ASK, Mode.AUTO)


def test_tags_of_the_same_look_decide() -> None:
    house = House()
    clause = 'resource.tags.team == "web"'
    house.facets["one"]["tags"] = {"team": "web"}
    assert (mode_of(looked(house, ONE, clause)), mode_of(looked(house, TWO, clause))) == (Mode.AUTO, Mode.ASK)
    house.facets["one"]["tags"] = {"team": "data"}
    assert mode_of(looked(house, ONE, clause)) is Mode.LEAVE


def test_nothing_that_a_scan_saw_reaches_a_look() -> None:
    """The scan's forecast is automatic; by the time of the look somebody is inside, and the other way round."""
    house = House()
    standing = Standing(policies())
    (report,) = scan(house, CATALOG, standing, house.clock)
    before = {seen.resource.ref.id: seen for seen in report.seen}
    assert [mode_of(before[name]) for name in ("one", "two")] == [Mode.AUTO, Mode.AUTO]
    house.inside["ann"] = "one"
    assert mode_of(looked(house)) is Mode.ASK
    stored = judged(looked(house).resource, before["one"].facts, CATALOG, standing, house.clock.now())
    assert mode_of(stored) is Mode.AUTO, "what is stored would still say yes"


def test_two_looks_share_no_listing_and_one_look_lists_once() -> None:
    house = House()
    assert values(looked(house, ONE))["empty"] is True
    house.inside["ann"] = "two"
    seen = looked(house, TWO)
    assert (values(seen)["empty"], values(seen)["guests"]) == (False, ["ann"])
    assert house.asked == Counter(
        {"read one": 1, "read two": 1, "more one": 1, "more two": 1, "list test.guest": 2, "badge one": 1,
         "badge two": 1}
    )  # fmt: skip


def test_what_is_fine_costs_one_reading() -> None:
    house = House()
    house.facets["one"]["lock"] = "on"
    seen = looked(house)
    assert ([item.status for item in seen.findings], seen.facts, seen.decisions) == ([Status.PASS], (), ())
    assert house.asked == Counter({"read one": 1})


def test_all_facts_of_a_look_are_of_one_time_and_each_as_old_as_its_source() -> None:
    """The clock goes on while the look reads: nothing is called newer than the beginning."""
    house = House()
    house.holders["one"] = Unknown("access denied")
    seen = looked(house)
    assert house.clock.now() > START
    assert {item.name for item in seen.facts} == {rule.name for rule in RULES}
    assert {item.read_at for item in seen.facts} == {START}
    assert {item.name: item.as_of for item in seen.facts} == {
        rule.name: START - (4 * HOUR if rule is quiet else timedelta()) for rule in RULES
    }


def test_facts_are_told_of_earlier_readings() -> None:
    """In a scan as in a look. The mutation: one of them passes none on."""

    @fact("was_on", VAULT, bool)
    def was_on(*, around: Surroundings) -> Answer:
        """Whether it was on."""
        found = [(item.read_at, item.facets["lock"]) for item in around.earlier(around.ref)]
        return known(found == [(START - HOUR, f"on {around.ref.id}")], f"found {found}")

    catalog = replace(CATALOG, facts=(was_on,))
    standing = Standing(policies(), earlier=lambda ref: [Earlier(START - HOUR, {"lock": f"on {ref.id}"})])
    house = House()
    (report,) = scan(house, catalog, standing, house.clock)
    assert [item.value for seen in report.seen for item in seen.facts] == [True, True]
    for ref in (ONE, TWO):
        assert [item.value for item in look(house, catalog, standing, ref, house.clock).facts] == [True]
        assert [item.value for item in look(house, catalog, Standing(policies()), ref, house.clock).facts] == [False]


def test_facts_of_a_scan_are_dated_with_its_beginning() -> None:
    house = House()
    (report,) = scan(house, CATALOG, Standing(policies()), house.clock)
    assert {item.read_at for seen in report.seen for item in seen.facts} == {START}
    assert [len(seen.facts) for seen in report.seen] == [len(RULES)] * 2


def test_a_dear_fact_that_nothing_asks_for_has_the_times_too() -> None:
    rules = tuple(replace(rule, dear=True) if rule is guest_list else rule for rule in RULES)
    house, catalog = House(), replace(CATALOG, facts=rules)
    seen = look(house, catalog, Standing(policies()), ONE, house.clock)
    assert isinstance(values(seen)["guests"], Unknown)
    assert {(item.read_at, len(seen.facts)) for item in seen.facts} == {(START, len(RULES))}


def test_an_answer_that_is_older_than_the_lag_says_so() -> None:
    @fact("old", VAULT, bool, lag=HOUR, source="Vault Guide, Age")
    def old(visits: int, *, around: Surroundings) -> Answer:
        """Whether it is old."""
        return Known(value=True, evidence=("seen",), as_of=around.now - visits * timedelta(minutes=1))

    def as_of(minutes: int) -> datetime | None:
        (found,) = gather(Resource(ONE, {"visits": minutes}), [old], Surroundings(ONE, START))
        return found.as_of

    assert (as_of(90), as_of(30)) == (START - timedelta(minutes=90), START - HOUR)


def test_a_lag_names_its_source() -> None:
    with pytest.raises(ValueError, match="name the page"):
        fact("x", VAULT, bool, lag=HOUR)(lambda *, around: known(around is not None, "seen"))


def test_what_facts_only_glance_at_is_read_where_a_decision_asks_for_it() -> None:
    """A scan may have it at hand; a look that did without it could be surer than the scan."""
    house = House(opens={"k": "one"})
    assert isinstance(values(looked(house))["keyed"], Unknown)
    assert house.asked["list test.key"] == 0
    assert values(looked(house, ONE, "!context.keyed"))["keyed"] is True
    assert values(looked(house, TWO, "!context.keyed"))["keyed"] is False
    assert mode_of(looked(house, ONE, "!context.keyed")) is Mode.LEAVE
    assert house.asked["list test.key"] == 3


def test_a_scan_looks_each_single_resource_up_once_and_not_for_what_is_fine() -> None:
    house = House()
    house.facets["two"]["lock"] = "on"
    list(scan(house, CATALOG, Standing(policies()), house.clock))
    assert {name: count for name, count in house.asked.items() if name.startswith("badge")} == {"badge one": 1}


def test_single_resources_are_read_together() -> None:
    house, batches = House(), []

    class Batching(House):
        def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
            asked = list(lacking)
            batches.append([resource.ref.id for resource, _ in asked])
            return house.more(asked)

    nearby = Nearby(Batching(), CATALOG)
    wanted: list[tuple[Resource, Sequence[FactRule]]] = [(Resource(ref, {}), [managed_by]) for ref in (ONE, TWO)]
    nearby.read_ahead(wanted)
    assert batches == [["one", "two"]]
    assert [item.ref.id for item in nearby.around(TWO, [managed_by])[BADGE.name]] == ["two"]  # type: ignore[union-attr]
    assert batches == [["one", "two"]]


def test_what_was_looked_up_is_let_go_of_with_its_shard() -> None:
    house = House()
    nearby = Nearby(house, CATALOG)
    for _ in range(2):
        nearby.enter(Collection(Shard("acc", "here"), (), (), ()))
        nearby.around(ONE, [managed_by])
        nearby.around(ONE, [managed_by])
    assert house.asked["badge one"] == 2


def test_facts_and_times_are_no_part_of_a_plan() -> None:
    house = House()
    standing = Standing(policies())
    plans = []
    for visits in (0, 7):
        house.facets["one"]["visits"] = visits
        seen = looked(house)
        plans.append(plan_for(seen.resource, [locked], CATALOG, standing, house.clock.now(), ""))
    assert plans[0].to_json() == plans[1].to_json()


def test_facts_are_kept_as_json_with_their_times() -> None:
    for item in looked(House()).facts:
        assert Fact.from_json(item.to_json()) == item
    stored = {"name": "quiet", "value": True, "evidence": ["seen"]}
    assert Fact.from_json(stored) == Fact("quiet", True, ("seen",), None, None)
