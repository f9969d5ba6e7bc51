"""Runs every proof, a kind at a time, in every place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from goldseam.control import Catalog, Control, Kind
from goldseam.decide.policy import PolicySet
from goldseam.model.errors import PlanRefused
from goldseam.proving.cases import ExampleCase, as_read, cases, fix_of, settings_in
from goldseam.proving.doubts import disbelieved, eager, interrupted, late, stale, unknown
from goldseam.proving.ground import CannotPlace, Ground, NothingAsked, Subject
from goldseam.proving.kit import CloudKit
from goldseam.proving.laws import REPAIR_LAWS
from goldseam.proving.lenses import Lenses
from goldseam.proving.memory import MemoryGround
from goldseam.proving.merging import groups, merged
from goldseam.proving.permitting import Narrowing, exact, shape
from goldseam.proving.proof import Proof, ProofState, verdict
from goldseam.proving.repairing import Repaired, Work, prepared, there_and_back
from goldseam.repair.plan import Plan

_NO_FIX = "there is no fix: a person mends it"
_ANY = "any"
"""The example of law 7: one of each control, since what is compared does not depend on the values."""


@dataclass
class Prover:
    """One place and what was proved there; what does not depend on the control is proved once."""

    catalog: Catalog
    ground: Ground
    policies: PolicySet
    settled: frozenset[tuple[str, int, str]] = frozenset()
    """Control, law and example that were proved elsewhere, and need not be here."""
    kits: Mapping[str, CloudKit] = field(default_factory=dict)
    proofs: list[Proof] = field(default_factory=list)
    _moved: set[str] = field(default_factory=set)
    _shapes: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def run(self, kinds: Iterable[Kind], wanted: frozenset[Control]) -> list[Proof]:
        """All proofs for the wanted controls of these kinds."""
        for kind in kinds:
            self.ground.cleared()
            controls = [control for control in self.catalog.controls_of.get(kind.name, ()) if control in wanted]
            lenses = Lenses(self.ground, kind, self.catalog.controls_of.get(kind.name, ()))
            for control in controls:
                self._control(Subject(control, self.catalog), lenses)
            self._merged(kind, controls)
        return self.proofs

    def _say(self, control: Control, law: int, example: str, state: ProofState, because: str = "") -> None:
        self.proofs.append(Proof(control.id, law, self.ground.name, example, state, because))

    def _try(self, control: Control, law: int, example: str, attempt: Callable[[], str]) -> None:
        """Hold a law, and write down what came of it."""
        if (control.id, law, example) in self.settled:
            return
        try:
            problem = attempt()
        except CannotPlace as error:
            self._say(control, law, example, ProofState.OPEN, str(error))
        except NothingAsked as error:
            self._say(control, law, example, ProofState.VOID, str(error))
        except PlanRefused as error:
            self._say(control, law, example, ProofState.OPEN, f"there is no plan: {error}")
        else:
            self._say(control, law, example, verdict(problem), problem)

    def _control(self, subject: Subject, lenses: Lenses) -> None:
        control = subject.control
        for case in cases(subject):
            if fix_of(control, case.example) is None:
                for law in (*REPAIR_LAWS, 6):
                    self._say(control, law, case.name, ProofState.VOID, _NO_FIX)
                continue
            self._repairs(case)
        self._lenses(control, lenses)
        self._doubts(cases(subject)[0])

    def _doubts(self, case: ExampleCase) -> None:
        """Law 5 on each facet that the control reads, where something can be refused."""
        if not self.ground.denies:
            return
        control = case.control
        try:
            placed = self.ground.bare(control.kind, case.example)
        except CannotPlace as error:
            for facet in control.reads:
                self._say(control, 5, facet, ProofState.OPEN, str(error))
            return
        for facet in control.reads:
            self._try(control, 5, facet, partial(unknown, case, self.ground, placed, facet, self.policies))

    def _repairs(self, case: ExampleCase) -> None:
        """Laws 7 and 1 to 4 on one resource, and 6 on another."""
        control = case.control
        if all((control.id, law, case.name) in self.settled for law in REPAIR_LAWS):
            return
        try:
            work = prepared(case, self.ground)
            if self._still(control, work):
                work = prepared(case, self.ground)
            seen = there_and_back(work, [control])
        except CannotPlace as error:
            for law in REPAIR_LAWS:
                self._say(control, law, case.name, ProofState.OPEN, str(error))
            self._say(control, 7, _ANY, ProofState.OPEN, str(error))
            self._bare_permissions(case)
        except PlanRefused as error:
            self._say(control, 1, case.name, ProofState.DISPROVED, f"there is no plan: {error}")
        else:
            self._judge(case, seen)

    def _still(self, control: Control, work: Work) -> bool:
        """Law 7 once for each control; whether the resource is no longer as it was."""
        if (control.id, 7, _ANY) in self.settled or control.id in self._moved:
            return False
        self._try(control, 7, _ANY, lambda: stale(control, work))
        if self.proofs[-1].state is not ProofState.OPEN:
            self._moved.add(control.id)
        return self.proofs[-1].state is not ProofState.PROVED

    def _judge(self, case: ExampleCase, seen: Repaired) -> None:
        for law, holds in REPAIR_LAWS.items():
            problem = holds(seen)
            self._say(case.control, law, case.name, verdict(problem), problem)
        if isinstance(self.ground, MemoryGround):
            self._faulty(case, self.ground)
            self._justified(case)
        ground = self.ground
        if isinstance(ground, Narrowing) and ground.denies:
            self._try(case.control, 6, case.name, lambda: self._exact(case, ground, seen.plan))

    def _bare_permissions(self, case: ExampleCase) -> None:
        """Law 6 where the state cannot be shown: what may be called does not depend on it."""
        ground = self.ground
        if isinstance(ground, Narrowing) and ground.denies:
            self._try(case.control, 6, case.name, lambda: self._exact_at_any_state(case, ground))

    def _exact_at_any_state(self, case: ExampleCase, ground: Narrowing) -> str:
        control = case.control
        placed = ground.bare(control.kind, case.example)
        work = Work(ground, placed, self.catalog, settings_in(placed, control))
        meant = replace(as_read(control.kind, placed.example.facets), ref=placed.ref)
        return exact(ground, work, work.plan([control], meant))

    def _faulty(self, case: ExampleCase, ground: MemoryGround) -> None:
        for law, name, attempt in ((2, "half", interrupted), (1, "lie", disbelieved), (1, "lag", late)):
            problem = attempt(case, ground)
            if problem:
                self._say(case.control, law, f"{case.name} {name}", ProofState.DISPROVED, problem)

    def _justified(self, case: ExampleCase) -> None:
        """Law 6 against what the cloud documents."""
        kit = self.kits.get(case.control.kind.cloud)
        if kit is None:
            return
        self._try(case.control, 6, case.name, partial(kit.justified, case))
        self.proofs[-1] = replace(self.proofs[-1], ground="reference")

    def _lenses(self, control: Control, lenses: Lenses) -> None:
        """Law 2 on every facet of every example, in both directions."""
        for name, facet, value in lenses.values(control):
            self._try(control, 2, name, partial(lenses.there_and_back, facet, value))

    def _exact(self, case: ExampleCase, ground: Narrowing, like: Plan) -> str:
        """Law 6, once for all plans of a kind that ask for the same."""
        key = (case.control.kind.name, shape(like))
        if key not in self._shapes:
            work = prepared(case, ground)
            self._shapes[key] = exact(ground, work, work.plan([case.control], ground.now(work.placed)))
        return self._shapes[key]

    def _merged(self, kind: Kind, controls: Sequence[Control]) -> None:
        for control in controls:
            if not control.fixable:
                self._say(control, 12, "all", ProofState.VOID, _NO_FIX)
                self._say(control, 7, _ANY, ProofState.VOID, _NO_FIX)
        for group in groups(kind, controls):
            first, *rest = group.members
            if (first.id, 12, group.name) in self.settled:
                continue
            self._try(first, 12, group.name, partial(merged, group, self.catalog, self.ground))
            self.proofs += [replace(self.proofs[-1], control=control.id) for control in rest]


def prove(
    catalog: Catalog,
    ground: Ground,
    wanted: Iterable[Control],
    elsewhere: Iterable[Proof] = (),
    *,
    kits: Mapping[str, CloudKit] | None = None,
) -> list[Proof]:
    """Every law over the wanted controls in one place, but for what was proved `elsewhere`; `kits` are by cloud."""
    controls = frozenset(wanted)
    settled = frozenset(
        (item.control, item.law, item.example) for item in elsewhere if item.state is not ProofState.OPEN
    )
    kinds = sorted({control.kind for control in controls}, key=lambda kind: kind.name)
    return Prover(catalog, ground, eager(catalog), settled, kits or {}).run(kinds, controls)
