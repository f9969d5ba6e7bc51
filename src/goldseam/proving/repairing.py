"""A repair there and back in one place, with everything that was seen on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from goldseam.assess.evaluate import SettingsOf
from goldseam.control import Call, Catalog, Control, Step, Told
from goldseam.model.errors import GoldseamError, PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import Json
from goldseam.ports import Key, Receipt
from goldseam.proving.cases import ExampleCase, settings_in
from goldseam.proving.ground import Alone, Diary, Ground, Hand, Hurried, PlacedExample, all_mighty, snapshot
from goldseam.repair.apply import Applied, Doors, State, apply, facets_of
from goldseam.repair.authorize import Grant
from goldseam.repair.claim import Claim, epoch_of
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose, reversal
from goldseam.repair.verify import VerificationResult as Outcome
from goldseam.repair.verify import verify


@dataclass
class CallWatch:
    """Stands beside the hand: counts what is sent, and looks at the resource after each call."""

    ground: Ground
    placed: PlacedExample
    sent: list[Call] = field(default_factory=list)
    images: list[Resource] = field(default_factory=list)

    def open(self, key: Key, calls: Sequence[Call]) -> Watched:
        """A hand that is watched."""
        return Watched(self, self.ground.hand(key, calls))


@dataclass(frozen=True)
class Watched:
    """A hand with someone who looks on."""

    watch: CallWatch
    hand: Hand

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Make the call, then look."""
        self.watch.sent.append(call)
        receipt = self.hand.call(call, words)
        self.watch.images.append(self.watch.ground.now(self.watch.placed))
        return receipt


@dataclass(frozen=True)
class Work:
    """A place, a resource in it, and the catalogue and settings to judge it by."""

    ground: Ground
    placed: PlacedExample
    catalog: Catalog
    settings_of: SettingsOf

    @property
    def controls(self) -> Sequence[Control]:
        """All controls of the kind."""
        return self.catalog.controls_of[self.placed.kind.name]

    def plan(self, wanted: Sequence[Control], seen: Resource) -> Plan:
        """The plan of the stage; raises PlanRefused."""
        return propose(seen, wanted, self.controls, self.settings_of)

    def execute(self, plan: Plan, watch: CallWatch) -> Applied:
        """The stage that applies, with the hand of the place; raises what it raises."""
        self.ground.told(steps_of(plan, self.placed))
        doors = Doors(
            self.catalog, self.ground.eye(), watch.open, Diary(), Alone(), Hurried(), tuple, self.settings_of
        )  # fmt: skip
        claim = Claim(plan.id, epoch_of(doors.ledger.claim(plan.id, {"ref": plan.ref.to_json()})), doors.ledger)
        return apply(plan, Grant(plan.id, all_mighty(), claim), doors)

    def verified(self, plan: Plan) -> str:
        """What the stage that verifies objects to; empty when it has proof."""
        seen = verify(plan, self.catalog, self.ground.eye(), facets_of(plan, self.catalog), Hurried())
        return "" if seen.state is Outcome.VERIFIED else f"{seen.state}: {seen.because}"


def steps_of(plan: Plan, placed: PlacedExample) -> list[Step]:
    """Every step there, and back from each state along the way."""
    steps: list[Step] = []
    for change in plan.changes:
        facet = placed.kind.facet(change.facet)
        there = facet.write(plan.ref, change.before, change.after)
        steps += there
        for value in (*(step.leaves for step in there), change.after):
            try:
                steps += facet.write(plan.ref, value, change.before)
            except PlanRefused:  # no way back from there: the plan says so itself
                continue
    return steps


@dataclass(frozen=True)
class Repaired:
    """What a repair there and back showed. Texts say what went wrong, and are empty where nothing did.

    `images` are readings before the first call and after each; `back` is the reading after the way back, None where
    there is none. `beside` are the neighbours before and after; `raw` what else the place said, before and when
    it was taken back.
    """

    work: Work
    control: Control
    plan: Plan
    images: tuple[Resource, ...]
    after: Resource
    applied: str
    verified: str
    again: str
    back: Resource | None
    undone: str
    beside: tuple[Mapping[str, bytes], Mapping[str, bytes]]
    raw: tuple[Mapping[str, Json], Mapping[str, Json]]

    @property
    def before(self) -> Resource:
        """The reading that the plan was made from."""
        return self.images[0]


def prepared(case: ExampleCase, ground: Ground) -> Work:
    """The example in its place; raises CannotPlace."""
    placed = ground.place(case.control.kind, case.example)
    return Work(ground, placed, case.subject.catalog, settings_in(placed, case.control))


def there_and_back(work: Work, wanted: Sequence[Control]) -> Repaired:
    """The repair of some controls on what is placed; raises PlanRefused."""
    ground, placed = work.ground, work.placed
    beside, before = snapshot(ground, placed), ground.now(placed)
    raw = ground.raw(placed)
    plan, watch = work.plan(wanted, before), CallWatch(ground, placed)
    applied = _executed(work, plan, watch)
    verified, after = work.verified(plan), ground.now(placed)
    again, beside_after = _planned_again(work, wanted, after), snapshot(ground, placed)
    undone, back = _taken_back(work, plan, after) if plan.reversible and not applied else ("", None)
    raws = raw, ground.raw(placed) if back else raw
    images = (before, *watch.images)
    return Repaired(
        work, wanted[0], plan, images, after, applied, verified, again, back, undone, (beside, beside_after), raws
    )


def _executed(work: Work, plan: Plan, watch: CallWatch) -> str:
    """What kept the plan from being done; empty when it was done."""
    try:
        done = work.execute(plan, watch)
    except GoldseamError as error:
        return f"apply refused: {error}"
    return "" if done.state is State.DONE else f"{done.state}: {done.because}"


def _planned_again(work: Work, wanted: Sequence[Control], after: Resource) -> str:
    """The calls of a second plan, where there should be none."""
    try:
        plan = work.plan(wanted, after)
    except PlanRefused:
        return ""
    return ", ".join(call.operation for call in plan.calls)


def _taken_back(work: Work, plan: Plan, after: Resource) -> tuple[str, Resource]:
    try:
        back = reversal(plan, after, work.placed.kind)
    except PlanRefused as error:
        return f"no plan back: {error}", after
    problem = _executed(work, back, CallWatch(work.ground, work.placed))
    return problem, work.ground.now(work.placed)
