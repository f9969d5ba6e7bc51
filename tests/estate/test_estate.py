"""An estate of labelled resources under two policies that let everything happen by itself.

Harm is what worked for somebody before and does not afterwards, by probes that know nothing of Goldseam. What a label
calls harmless is repaired by itself, nine tenths of it at least. All of it is one test, since the estate is built once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.demo.emulator import EmbeddedCloud
from tests.estate.account import Account
from tests.estate.estate import built, open_late
from tests.estate.judging import Outcome, key_of, outcome
from tests.estate.labels import Row, rows
from tests.estate.policies import bold, careful, reckless
from tests.estate.probes import working
from tests.estate.running import Goldseam, goldseam

HARMFUL: Final = 0
"""Harmful automatic repairs that are allowed."""
AUTOMATIC: Final = 0.9
"""The least part of the harmless repairs that is automatic."""

_NOT_CARRIED_OUT: Final = ("d02",)
"""Repairs that the emulator does not carry out, and Goldseam takes back."""
_ALSO_WORKS: Final = (("b15", "own-get"), ("b16", "own-get"))
"""What goes on working beside what is harmed."""


def test_the_labels_are_enough_and_about_what_there_is() -> None:
    """The mutation: a row goes, or a control is renamed."""
    labelled, catalog = rows(), aws_catalog()
    assert len({row.row for row in labelled}) == len(labelled) >= 80
    assert sum(row.label == "harmful" for row in labelled) >= 30
    assert sum(row.label == "harmless" for row in labelled) >= 45
    for row in labelled:
        assert row.why
        assert not row.first or row.first != row.label
        assert "(" in row.why or not row.first, "a corrected label names its page"
        assert row.probes
        assert {catalog.control(name).kind.name for name in row.controls} == {row.kind}, row


def test_no_automatic_repair_harms_and_nearly_all_harmless_ones_are_automatic(
    ministack_cloud: EmbeddedCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reckless user comes after the bold one, to the same estate, with an empty home.

    The mutation: `serves_website` is false without a sign, or `port_in_use` where a template names the group; and the
    other way round, every control about security groups asks.
    """
    seed = secrets.randbelow(10**6)
    account = built(ministack_cloud.endpoint, ministack_cloud.region, ministack_cloud.account_id, seed)
    first, second = (goldseam(account, tmp_path / name / "home") for name in ("bold", "reckless"))
    first.uses(bold())
    first.run("scan", "--services", "s3", "--regions", account.region)
    open_late(account)
    before = working(account, rows())
    first.scan()
    _assert_as_labelled(account, before, first.findings())
    outcomes = [_automatic("bold", first, account, before)]
    second.uses(reckless(account))
    second.scan()
    outcomes.append(_automatic("reckless", second, account, before))
    with capsys.disabled():
        print(f"\nseed {seed}", *outcomes, sep="\n")  # noqa: T201
    _assert_harmful_ones_harm(account, second, outcomes[-1])
    assert [item.harmed for item in outcomes if len(item.harmed) > HARMFUL] == []
    assert [item.noticed for item in outcomes if item.noticed] == []
    assert [str(item) for item in outcomes if item.share < AUTOMATIC] == []


def _automatic(policy: str, person: Goldseam, account: Account, before: dict[tuple[str, str], bool]) -> Outcome:
    person.run("apply", "--auto")
    after = working(account, rows())
    return outcome(policy, account, rows(), before, after, person.findings())


def _assert_as_labelled(
    account: Account, before: dict[tuple[str, str], bool], findings: Iterable[dict[str, Any]]
) -> None:
    """Everything that a probe does works, every other row fails all its controls, and no name says what it is."""
    assert [key for key, worked in before.items() if not worked] == []
    status = {(item["control"], item["resource"]): item["status"] for item in findings}
    for row in rows():
        if row.label != "harmful":
            assert {status[key_of(account, row, name, status)] for name in row.controls} == {"fail"}, row
    ids = [name.rpartition("/")[2].rpartition(":")[2] for name in account.ids.values()]
    assert not any(word in name for name in ids for word in ("public", "unused", "harm", "safe", "shop"))


def _assert_harmful_ones_harm(account: Account, person: Goldseam, automatic: Outcome) -> None:
    """A person approves what no policy did by itself: one repair for each probe, and then the probe fails.

    So no label and no probe is taken on trust. The mutation: a probe that answers yes whatever it finds.
    """
    seen = {probe for probes in automatic.harmed.values() for probe in probes}
    fixable = {(item["control"], item["resource"]): item for item in person.findings() if item["fixable"]}
    forced: dict[Row, list[str]] = {}
    for row in rows():
        found = [key_of(account, row, name, fixable) for name in row.controls]
        if row.label == "harmful" and all(key in fixable for key in found) and not seen.issuperset(row.probes):
            seen.update(row.probes)
            forced[row] = [fixable[key]["id"] for key in found]
    person.uses(careful(account))
    person.forced([name for names in forced.values() for name in names])
    carried_out = [row for row in forced if row.row not in _NOT_CARRIED_OUT]
    assert [key for key, worked in working(account, carried_out).items() if worked and key not in _ALSO_WORKS] == []
    assert len(seen) >= 30
