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

from goldseam.clouds.plugins import plugins
from goldseam.clouds.registry import whole_catalog
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
_HEAVY: Final = 40
"""Examples that are worth a process of their own."""


@dataclass(frozen=True, slots=True)
class Job:
    """Some controls, in one place or on the emulators, out of a catalogue with some modules of the user's own."""

    place: str
    controls: tuple[str, ...]
    modules: tuple[str, ...]


def run(catalog: Catalog, modules: Sequence[str]) -> list[Proof]:
    """Every proof of every control of the catalogue; raises UsageError for a module that cannot be used."""
    jobs = [*_shared(catalog, tuple(modules)), Job("memory", tuple(catalog.control_by_id), tuple(modules))]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(_PROCESSES, len(jobs)), context) as pool:
        return sorted((proof for proofs in pool.map(work, jobs) for proof in proofs), key=_in_order)


def _in_order(proof: Proof) -> tuple[str, int, str, str]:
    return proof.control, proof.law, proof.ground, proof.example


def _shared(catalog: Catalog, modules: tuple[str, ...]) -> list[Job]:
    """The controls by kind, the heaviest kind by itself: a kind stays whole, for its findings are merged."""
    weights = {
        name: sum(len(control.violating) for control in controls) for name, controls in catalog.controls_of.items()
    }
    heavy = [name for name, weight in weights.items() if weight > _HEAVY]
    light = [name for name in weights if name not in heavy]
    parts = [[name] for name in heavy] + ([light] if light else [])
    return [
        Job("emulators", tuple(control.id for name in part for control in catalog.controls_of[name]), modules)
        for part in parts
    ]


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
    """Goldseam's catalogue and that of its plug-ins, with what the user's modules define."""
    built, added = whole_catalog(), Catalog.of(own)
    kinds = {kind.name: kind for kind in (*built.kinds, *added.kinds)}
    controls = {control.id: control for control in (*built.controls, *added.controls)}
    return Catalog(tuple(kinds.values()), tuple(sorted(controls.values(), key=lambda control: control.id)), built.facts)


def fixtures_of(own: Sequence[ModuleType]) -> dict[str, Fixture]:
    """How kinds are made: goldseam's, and what a module or a plug-in says in a mapping called `fixtures`."""
    more = [*(module for plugin in plugins() for module in plugin.modules), *own]
    return {**aws_fixtures(), **{name: fixture for module in more for name, fixture in _fixtures(module).items()}}


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
