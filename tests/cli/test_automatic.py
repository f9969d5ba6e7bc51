"""`findings` sums up why findings with a fix are not automatic: from the traces of their decisions, by what objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from goldseam import cli
from goldseam.assess.context import Fact
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Example
from goldseam.decide import Decision, TraceLine
from goldseam.decide.policy import Mode, PolicySet, load_policies, no_policies
from goldseam.model.resource import Resource
from goldseam.model.values import Unknown
from goldseam.ports import Shard
from goldseam.service.automation import Reason, not_automatic
from goldseam.service.context import ServiceContext
from goldseam.service.pipeline import Seen, Standing, judged
from goldseam.store.scans import Kept
from tests.aws.laws import ACCOUNT, ref_of
from tests.cli.test_isolation import NOW

CATALOG = aws_catalog()
PORT = CATALOG.control("aws.ec2.security-group.port-ssh-closed")
ROTATED = CATALOG.control("aws.kms.key.rotated")
PUBLIC_KEY = CATALOG.control("aws.kms.key.policy-not-public")
CONTROLS = {control.kind: control for control in (PORT, ROTATED)}
SILENT = Unknown("no flow log records its traffic")


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ServiceContext]:
    made = ServiceContext(tmp_path / "home")
    yield made
    made.home.close()


def policy(when: str = '"true"', mode: str = "auto", controls: str = '"*"', more: str = "") -> PolicySet:
    text = f"version: 2\npolicies:\n  - {{name: p, controls: [{controls}], mode: {mode}, when: [{when}]{more}}}\n"
    return load_policies(text, "policy.yaml", CATALOG)


def seen(control: Any, name: str, policies: PolicySet, port_in_use: object = SILENT, managed_by: object = "") -> Seen:
    example = control.violating[0]
    assert isinstance(example, Example)
    facts = (Fact("port_in_use", port_in_use, ()), Fact("managed_by", managed_by, ("a tag",)))
    ours = control.kind.owner_rule.ours[0]
    resource = Resource(ref_of(control.kind, name), {**ours, **example.facets, "tags": {}})
    only = CATALOG.only([control])
    made = judged(resource, facts, only, Standing(policies), NOW)
    return replace(made, resource=resource)


def summed(context: ServiceContext, capsys: pytest.CaptureFixture[str], *found: Seen) -> tuple[list[Any], str]:
    scans = context.home.scans
    for item in found:
        kind = item.resource.ref.kind
        scans.save(scans.begin(ACCOUNT), Shard(ACCOUNT, item.resource.ref.region), {kind}, found, ())
    printed = []
    for words in (("findings", "--json"), ("findings",)):
        capsys.readouterr()
        cli.run(["--home", str(context.home_path), *words])
        printed.append(capsys.readouterr().out)
    return json.loads(printed[0])["not_automatic"], printed[1]


def test_an_unknown_fact_is_named_with_the_value_that_would_allow_more(
    context: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two groups for `port_in_use`, one of them managed by code as well; a key that is automatic counts nowhere.

    The mutation: every line of a trace is taken for a reason, or the last one instead of the first.
    """
    everything = policy()
    found = (
        seen(PORT, "sg-1", everything),
        seen(PORT, "sg-2", everything, managed_by="terraform"),
        seen(PORT, "sg-3", everything, port_in_use=True),
        seen(ROTATED, "key-1", everything),
    )
    tallies, printed = summed(context, capsys, *found)
    assert [(item["layer"], item["about"], item["known"], item["wanted"]) for item in tallies] == [
        ("fact", "port_in_use", False, "false"),
        ("fact", "port_in_use", True, "false"),
    ]
    assert [(item["findings"], item["alone"]) for item in tallies] == [(2, 1), (1, 1)]
    assert "2  `port_in_use` is unknown; the fix needs it to be false (the only reason for 1)" in printed
    assert "1  `port_in_use` is not false (the only reason for 1)" in printed


@pytest.mark.parametrize(
    ("control", "policies", "managed_by", "said"),
    [
        (ROTATED, no_policies(), "", ("policy", "", True, "leave", "no policy applies")),
        (ROTATED, policy(mode="ask"), "", ("policy", "p", True, "ask", "policy `p` allows at most ask")),
        (ROTATED, policy(), "terraform", ("fact", "managed_by", True, "ask", "the resource is managed by code")),
        (
            ROTATED, policy(), SILENT,
            ("fact", "managed_by", False, "ask",
             ("it is unknown whether code manages the resource; where no code does, name its kind in the policy under "
              "`ownership: unmanaged`")),
        ),
        (
            ROTATED, policy(""""context.environment == 'dev'\""""), "",
            ("clause", "context.environment == 'dev'", False, "ask",
             "policy clause `context.environment == 'dev'` is unknown"),
        ),
        (
            ROTATED, policy(more=", limits: {per_hour: 0}"), "",
            ("limit", "per_hour", True, "ask", "the limit of automatic repairs per hour is reached"),
        ),
        (
            PUBLIC_KEY, policy(), "",
            ("control", "disruption", True, "ask", "the fix might disrupt something, and no fact can rule that out"),
        ),
    ],
)  # fmt: skip
def test_each_layer_names_its_reason(
    context: ServiceContext,
    capsys: pytest.CaptureFixture[str],
    control: Any,
    policies: PolicySet,
    managed_by: object,
    said: tuple[object, ...],
) -> None:
    """The mutation: a line that objects has no `caps`, or an `about` of its own."""
    ((tally,), printed) = summed(context, capsys, seen(control, "one", policies, managed_by=managed_by))
    assert tuple(tally[name] for name in ("layer", "about", "known", "at_most", "because")) == said
    assert str(said[-1]) in printed


def test_a_window_and_what_cannot_be_undone_are_reasons() -> None:
    """The mutation: only facts and policies are counted."""
    closed = TraceLine("window", "w", truth=False, effect="", about="nights", caps=Mode.ASK)
    final = TraceLine("control", "r", truth=False, effect="", about="reversible", caps=Mode.ASK)
    made = seen(ROTATED, "one", no_policies())
    texts = []
    for line in (closed, final, None):
        trace = () if line is None else (line,)
        decision = replace(made.decisions[0], trace=trace, mode=Mode.ASK)
        (tally,) = not_automatic([_stored(made, decision)], CATALOG)
        texts.append(str(tally.reason))
    assert texts == [
        "the window of `nights` is closed",
        "the fix cannot be undone",
        "the reasons were not stored with the decision; scan again",
    ]


def _stored(made: Seen, decision: Decision) -> Any:
    return Kept(made.findings[0], decision, "s-1", (NOW - timedelta(days=1)).isoformat())


def test_a_trace_that_was_stored_before_reasons_were_is_read() -> None:
    """The mutation: `about` and `caps` are demanded of a stored line."""
    line = TraceLine("limit", "a", None, "b", ("c",), "per_hour", Mode.ASK)
    document = line.to_json()
    assert TraceLine.from_json(document) == line
    old = TraceLine.from_json({name: value for name, value in document.items() if name not in ("about", "caps")})
    assert (old.about, old.caps) == ("", None)


def test_what_passes_and_what_has_no_fix_is_not_counted() -> None:
    """The mutation: findings without a fix are summed up too."""
    made = seen(ROTATED, "one", no_policies())
    (finding,), (decision,) = made.findings, made.decisions
    without = Kept(replace(finding, changes={}), decision, "s-1", "")
    assert not_automatic([without], CATALOG) == ()
    (tally,) = not_automatic([Kept(finding, decision, "s-1", "")], CATALOG)
    assert tally.reason == Reason("policy", "", known=True, caps=Mode.LEAVE)
