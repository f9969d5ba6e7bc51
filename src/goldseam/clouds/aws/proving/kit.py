"""What AWS is proved by: the embedded cloud and moto as places, and the Service Authorization Reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import ModuleType
from typing import Final

from goldseam.clouds.aws.proving.emulated import EmulatedGround, Fixture
from goldseam.clouds.aws.proving.fixtures import aws_fixtures
from goldseam.clouds.aws.proving.moto_server import ACCOUNT, installed, moto_server
from goldseam.clouds.aws.proving.reference import justified
from goldseam.control import Catalog, Control
from goldseam.demo.emulator import embedded_cloud
from goldseam.proving.cases import ExampleCase
from goldseam.proving.proof import Proof, ProofState
from goldseam.proving.prove import prove


class AwsKit:
    """The places and the reference of AWS."""

    __slots__ = ()
    legend: Final[Mapping[str, str]] = {
        "ministack": "an AWS emulator that enforces IAM policies, written and read by the real writer and reader",
        "moto": "another one with more services and no permissions, for what ministack cannot show",
        "reference": "AWS's Service Authorization Reference: law 6 where no emulator enforces the service. The action, "
        "the type of resource and its ARN are what AWS documents, all that it demands and nothing more",
    }

    def justified(self, case: ExampleCase) -> str:
        """Law 6 against the Reference; raises CannotPlace."""
        return justified(case)

    def on_emulators(self, catalog: Catalog, wanted: Sequence[Control], own: Sequence[ModuleType]) -> list[Proof]:
        """The proofs on the emulator that enforces permissions, and on moto what could not be shown there."""
        fixtures = {**aws_fixtures(), **{name: made for module in own for name, made in _fixtures(module).items()}}
        return _on_emulators(catalog, [control for control in wanted if control.kind.name in fixtures], fixtures)


def _fixtures(module: ModuleType) -> dict[str, Fixture]:
    """What a module says in a mapping called `fixtures`."""
    return dict(getattr(module, "fixtures", {}))


def _on_emulators(catalog: Catalog, wanted: Sequence[Control], fixtures: dict[str, Fixture]) -> list[Proof]:
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
