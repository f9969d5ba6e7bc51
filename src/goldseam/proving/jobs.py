"""The work of a run in processes: each has its own emulators, so nothing that one proves is in another's way."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Catalog, Control
from goldseam.demo.emulator import embedded_cloud
from goldseam.model.errors import UsageError
from goldseam.proving.aws_fixtures import aws_fixtures
from goldseam.proving.emulated import EmulatedGround, Fixture
from goldseam.proving.memory import MemoryGround
from goldseam.proving.moto_server import ACCOUNT, installed, moto_server
from goldseam.proving.proof import Proof, ProofState
from goldseam.proving.prove import prove

_PROCESSES: Final = 3
_LOAD: Final = 100
"""Examples that are worth a job; a kind with more is one by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """Some controls, in one place or on the emulators, out of a catalogue with some modules of the user's own."""

    place: str
    controls: tuple[str, ...]
    modules: tuple[str, ...]


def run(catalog: Catalog, modules: Sequence[str]) -> list[Proof]:
    """Every proof of every control of the catalogue; raises UsageError for a module that cannot be used."""
    jobs = [Job(place, part, tuple(modules)) for place in ("emulators", "memory") for part in _parts(catalog)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(_PROCESSES, len(jobs)), context) as pool:
        return sorted((proof for proofs in pool.map(work, jobs) for proof in proofs), key=_in_order)


def _in_order(proof: Proof) -> tuple[str, int, str, str]:
    return proof.control, proof.law, proof.ground, proof.example


def _parts(catalog: Catalog) -> list[tuple[str, ...]]:
    """The controls in parts of about the same load, the heaviest first, so that no worker is left with a long one.

    A kind stays whole, for its findings are merged.
    """
    parts: list[list[Control]] = []
    loads: list[int] = []
    for controls in sorted(catalog.controls_of.values(), key=_load, reverse=True):
        load = _load(controls)
        fitting = next((place for place, held in enumerate(loads) if held + load <= _LOAD), None)
        if fitting is None:
            parts.append([*controls])
            loads.append(load)
        else:
            parts[fitting].extend(controls)
            loads[fitting] += load
    return [tuple(control.id for control in part) for part in parts]


def _load(controls: Iterable[Control]) -> int:
    return sum(len(control.violating) for control in controls)


def work(job: Job) -> list[Proof]:
    """One job; the catalogue is made anew, since rules do not travel between processes."""
    own = loaded(job.modules)
    catalog = whole(own)
    wanted = [catalog.control(name) for name in job.controls]
    if job.place == "memory":
        return prove(catalog, MemoryGround(), wanted)
    return on_emulators(catalog, wanted, fixtures_of(own))


def loaded(modules: Iterable[str]) -> list[ModuleType]:
    """The user's modules; raises UsageError for one that cannot be imported."""
    found = []
    for name in modules:
        try:
            found.append(import_module(name))
        except ImportError as error:
            msg = f"the module `{name}` cannot be imported ({error}); run from where it can, or set PYTHONPATH"
            raise UsageError(msg) from error
    return found


def whole(own: Sequence[ModuleType]) -> Catalog:
    """Goldseam's catalogue with what the user's modules define."""
    built, added = aws_catalog(), Catalog.of(own)
    kinds = {kind.name: kind for kind in (*built.kinds, *added.kinds)}
    controls = {control.id: control for control in (*built.controls, *added.controls)}
    return Catalog(tuple(kinds.values()), tuple(sorted(controls.values(), key=lambda control: control.id)), built.facts)


def fixtures_of(own: Sequence[ModuleType]) -> dict[str, Fixture]:
    """How kinds are made: goldseam's, and what a module says in a mapping called `fixtures`."""
    return {**aws_fixtures(), **{name: fixture for module in own for name, fixture in _fixtures(module).items()}}


def _fixtures(module: ModuleType) -> dict[str, Fixture]:
    return dict(getattr(module, "fixtures", {}))


def on_emulators(catalog: Catalog, wanted: Sequence[Control], fixtures: dict[str, Fixture]) -> list[Proof]:
    """The proofs on the emulator that enforces permissions, and on moto what could not be shown there."""
    wanted = [control for control in wanted if control.kind.name in fixtures]
    if not wanted:
        return []
    with embedded_cloud() as cloud:
        ground = EmulatedGround(
            "ministack", cloud.endpoint, cloud.account_id, catalog, fixtures, enforces=True, empty=cloud.reset
        )
        proofs = _proved(ground, catalog, wanted, ())
    left = {proof.control for proof in proofs if proof.state is ProofState.OPEN}
    return [*proofs, *(_on_moto(catalog, [c for c in wanted if c.id in left], fixtures, proofs) if left else ())]


def _on_moto(
    catalog: Catalog, wanted: Sequence[Control], fixtures: dict[str, Fixture], elsewhere: Sequence[Proof]
) -> list[Proof]:
    if not installed():
        return [
            Proof(item.control, item.law, "moto", item.example, ProofState.OPEN, "moto is not installed")
            for item in elsewhere
            if item.state is ProofState.OPEN
        ]
    with moto_server() as server:
        ground = EmulatedGround("moto", server.endpoint, ACCOUNT, catalog, fixtures, empty=server.reset)
        return _proved(ground, catalog, wanted, elsewhere)


def _proved(
    ground: EmulatedGround, catalog: Catalog, wanted: Sequence[Control], elsewhere: Sequence[Proof]
) -> list[Proof]:
    with ExitStack() as stack:
        stack.callback(ground.close)
        return prove(catalog, ground, wanted, elsewhere)
