"""What every control of AWS keeps, on its own examples and without any cloud."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Control
from tests.aws.laws import keeps_its_laws

CONTROLS = aws_catalog().controls


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_every_control_keeps_its_laws(control: Control) -> None:
    keeps_its_laws(control)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_every_control_says_its_piece(control: Control) -> None:
    assert control.title
    assert not control.title.endswith(".")
    assert control.why
    assert control.claimed
    assert control.id.startswith(f"{control.kind.name}.")
