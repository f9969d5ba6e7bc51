"""What a cloud brings to be proved: places, and an objection by its own documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from goldseam.control import Catalog, Control
from goldseam.proving.cases import ExampleCase
from goldseam.proving.proof import Proof


class CloudKit(Protocol):
    """What one cloud is proved by; it travels to other processes, so it holds nothing."""

    @property
    def legend(self) -> Mapping[str, str]:
        """The cloud's own places, each with what it is."""

    def justified(self, case: ExampleCase) -> str:
        """Law 6 by what the cloud documents: the objection, empty where there is none; raises CannotPlace."""

    def on_emulators(self, catalog: Catalog, wanted: Sequence[Control], own: Sequence[ModuleType]) -> list[Proof]:
        """The proofs on the cloud's emulators; `own` are the user's modules, which may bring fixtures."""


@dataclass(frozen=True, slots=True)
class Proving:
    """All that is proved: how its catalog is made in each process, the kits by cloud, and the plug-ins' modules."""

    catalog: Callable[[], Catalog]
    kits: Mapping[str, CloudKit]
    plugins: tuple[str, ...] = ()

    def legend(self) -> dict[str, str]:
        """Every place of every cloud, each with what it is."""
        return {name: meaning for kit in self.kits.values() for name, meaning in kit.legend.items()}
