"""The work of a run in processes: each has its own emulators, so nothing that one proves is in another's way."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Final

from goldseam.control import Catalog, Control
from goldseam.model.errors import UsageError
from goldseam.proving.kit import Proving
from goldseam.proving.memory import MemoryGround
from goldseam.proving.proof import Proof
from goldseam.proving.prove import prove

_PROCESSES: Final = 3
_MEMORY: Final = "memory"
_LOAD: Final = 100
"""Examples that are worth a job; a kind with more is one by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """Some controls, in memory or on a cloud's emulators, out of a catalogue with modules of the user's own."""

    place: str
    controls: tuple[str, ...]
    modules: tuple[str, ...]
    proving: Proving


def run(catalog: Catalog, modules: Sequence[str], proving: Proving) -> list[Proof]:
    """Every proof of every control of the catalogue; raises UsageError for a module that cannot be used."""
    named, everything = tuple(modules), tuple(catalog.controls_of.values())
    jobs = [Job(cloud, part, named, proving) for cloud in proving.kits for part in _parts(_of_cloud(catalog, cloud))]
    jobs += [Job(_MEMORY, part, named, proving) for part in _parts(everything)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(_PROCESSES, len(jobs)), context) as pool:
        return sorted((proof for proofs in pool.map(work, jobs) for proof in proofs), key=_in_order)


def _in_order(proof: Proof) -> tuple[str, int, str, str]:
    return proof.control, proof.law, proof.ground, proof.example


def _of_cloud(catalog: Catalog, cloud: str) -> list[tuple[Control, ...]]:
    return [controls for name, controls in catalog.controls_of.items() if catalog.kind(name).cloud == cloud]


def _parts(kinds: Iterable[tuple[Control, ...]]) -> list[tuple[str, ...]]:
    """The controls in parts of about the same load, the heaviest first, so that no worker is left with a long one.

    A kind stays whole, for its findings are merged.
    """
    parts: list[list[Control]] = []
    loads: list[int] = []
    for controls in sorted(kinds, key=_load, reverse=True):
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
