"""The work of a run in processes: each has its own emulators, so nothing that one proves is in another's way."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Final

from goldseam.control import Catalog
from goldseam.model.errors import UsageError
from goldseam.proving.kit import Proving
from goldseam.proving.memory import MemoryGround
from goldseam.proving.proof import Proof
from goldseam.proving.prove import prove

_PROCESSES: Final = 3
_MEMORY: Final = "memory"
_HEAVY: Final = 40
"""Examples that are worth a process of their own."""


@dataclass(frozen=True, slots=True)
class Job:
    """Some controls, in memory or on a cloud's emulators, out of a catalogue with modules of the user's own."""

    place: str
    controls: tuple[str, ...]
    modules: tuple[str, ...]
    proving: Proving


def run(catalog: Catalog, modules: Sequence[str], proving: Proving) -> list[Proof]:
    """Every proof of every control of the catalogue; raises UsageError for a module that cannot be used."""
    memory = Job(_MEMORY, tuple(catalog.control_by_id), tuple(modules), proving)
    jobs = [*_shared(catalog, tuple(modules), proving), memory]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(_PROCESSES, len(jobs)), context) as pool:
        return sorted((proof for proofs in pool.map(work, jobs) for proof in proofs), key=_in_order)


def _in_order(proof: Proof) -> tuple[str, int, str, str]:
    return proof.control, proof.law, proof.ground, proof.example


def _shared(catalog: Catalog, modules: tuple[str, ...], proving: Proving) -> list[Job]:
    return [job for name in proving.kits for job in _on_cloud(catalog, name, modules, proving)]


def _on_cloud(catalog: Catalog, cloud: str, modules: tuple[str, ...], proving: Proving) -> list[Job]:
    """The controls by kind, the heaviest kind by itself: a kind stays whole, for its findings are merged."""
    weights = {
        name: sum(len(control.violating) for control in controls)
        for name, controls in catalog.controls_of.items()
        if catalog.kind(name).cloud == cloud
    }
    heavy = [name for name, weight in weights.items() if weight > _HEAVY]
    light = [name for name in weights if name not in heavy]
    parts = [[name] for name in heavy] + ([light] if light else [])
    return [
        Job(cloud, tuple(control.id for name in part for control in catalog.controls_of[name]), modules, proving)
        for part in parts
    ]


def work(job: Job) -> list[Proof]:
    """One job; the catalogue is made anew, since rules do not travel between processes."""
    own = loaded(job.modules)
    catalog = whole(own, job.proving)
    wanted = [catalog.control(name) for name in job.controls]
    if job.place == _MEMORY:
        return prove(catalog, MemoryGround(), wanted, kits=job.proving.kits)
    return job.proving.kits[job.place].on_emulators(catalog, wanted, [*loaded(job.proving.plugins), *own])


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


def whole(own: Sequence[ModuleType], proving: Proving) -> Catalog:
    """Goldseam's catalogue and that of its plug-ins, with what the user's modules define."""
    built, added = proving.catalog(), Catalog.of(own)
    kinds = {kind.name: kind for kind in (*built.kinds, *added.kinds)}
    controls = {control.id: control for control in (*built.controls, *added.controls)}
    in_order = tuple(sorted(controls.values(), key=lambda control: control.id))
    return replace(built, kinds=tuple(kinds.values()), controls=in_order)
