"""What only the cloud or another account may change: a finding status of its own, undecided and outside totals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from goldseam import cli
from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, Status, evaluate, finding_id, owner_of
from goldseam.cli import output
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import (
    Catalog,
    Kind,
    Owner,
    OwnerRule,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    owner_rule,
    should_be,
)
from goldseam.decide.policy import Mode, load_policies, no_policies
from goldseam.keyholder.derive import derived
from goldseam.model.errors import GrantRefused, PlanRefused, UsageError
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Unknown, Value
from goldseam.ports import Shard
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from goldseam.service import exemptions
from goldseam.service.context import ServiceContext
from goldseam.service.exemptions import ExemptionRequest
from goldseam.service.pipeline import Seen, Standing, judged
from tests import toy
from tests.aws.laws import ACCOUNT, ref_of

NOW: Final = datetime(2026, 5, 4, 12, tzinfo=UTC)


@owner_rule(ours=[{"street": "quiet"}], theirs=[{"street": "the city's"}, {"street": "the city's, lit"}])
def of_the_city(street: str) -> Owner | None:
    """The city keeps the lamp."""
    if not street.startswith("the city's"):
        return None
    return Owner("the city keeps the lamp", "City Guide", frozenset({"lamp"}), judged=street.endswith("lit"))


HUT: Final = Kind("toy.hut", "hut", toy.HOUSE.facets, owner_rule=of_the_city)
LOAD: Final = """
version: 1
policies:
  - name: all
    controls: ["*"]
    scope: {accounts: ["*"], regions: ["*"]}
    when: ["resource.kind == 'toy.hut'"]
    mode: auto
"""


@control(
    "toy.hut.lamp-lit", HUT, severity=Severity.LOW, disrupts=harmless("light hurts nobody", source="Toys, lamps"),
    compliant=[{"lamp": "on"}], violating=[{"lamp": "off"}],
)  # fmt: skip
def lamp_lit(lamp: Value) -> Verdict:
    """The lamp is lit."""
    return compliant if lamp == "on" else should_be(lamp="on", because="it is dark")


@control(
    "toy.hut.door-shut", HUT, severity=Severity.LOW, disrupts=harmless("nobody goes in", source="Toys, doors"),
    compliant=[{"doors": ["shut"]}], violating=[{"doors": ["open"]}],
)  # fmt: skip
def door_shut(doors: list[str]) -> Verdict:
    """The door is shut."""
    return compliant if doors == ["shut"] else should_be(doors=["shut"], because="a door is open")


HUTS: Final = Catalog((HUT,), (lamp_lit, door_shut))
UNMANAGED: Final = (Fact("managed_by", "", ("no marker found (nobody builds huts by code)",)),)


def hut(street: Value | Unknown = "quiet", lamp: str = "off") -> Resource:
    return Resource(replace(toy.REF, kind=HUT.name), {"lamp": lamp, "doors": ["open"], "street": street})


def statuses(resource: Resource) -> list[Status]:
    return [finding.status for finding in evaluate(resource, HUTS.controls)]


@pytest.mark.parametrize(
    ("street", "lamp", "status"),
    [
        ("quiet", "off", Status.FAIL),
        ("the city's", "off", Status.NOT_APPLICABLE),
        ("the city's", "on", Status.NOT_APPLICABLE),
        ("the city's, lit", "off", Status.NOT_APPLICABLE),
        ("the city's, lit", "on", Status.PASS),
        (Unknown("denied"), "off", Status.FAIL),
        (Unknown("denied"), "on", Status.PASS),
        (7, "off", Status.FAIL),
    ],
)
def test_only_what_is_known_to_be_another_s_is_not_applicable(
    street: Value | Unknown, lamp: str, status: Status
) -> None:
    """The mutations: an unknown owner as an owner; the owner's facets passed over, so that the door is his too."""
    assert dict(zip(HUTS.controls, statuses(hut(street, lamp)), strict=True)) == {
        lamp_lit: status, door_shut: Status.FAIL,
    }  # fmt: skip


def test_a_finding_says_what_is_wrong_who_may_change_it_and_where_that_is_written() -> None:
    (finding,) = evaluate(hut("the city's, lit"), [lamp_lit])
    assert (finding.because, finding.source) == ("it is dark; the city keeps the lamp", "City Guide")
    assert Finding.from_json(finding.to_json()) == finding
    old = {name: value for name, value in finding.to_json().items() if name != "source"}
    assert Finding.from_json(old) == replace(finding, source="")


def test_nothing_is_decided_on_it_and_an_unknown_owner_is_at_most_asked_about() -> None:
    """Law 5. The mutations: count `not_applicable` as open; no opinion where the owner is unknown."""
    policies = load_policies(LOAD, "draft", HUTS)

    def modes(resource: Resource) -> dict[str, Mode]:
        seen = judged(resource, UNMANAGED, HUTS, Standing(policies), NOW)
        return {item.finding: item.mode for item in seen.decisions}

    lamp, door = (finding_id(item.id, hut().ref) for item in (lamp_lit, door_shut))
    assert modes(hut("quiet")) == {lamp: Mode.AUTO, door: Mode.AUTO}
    assert modes(hut("the city's")) == {door: Mode.AUTO}
    assert modes(hut(Unknown("denied"))) == {lamp: Mode.ASK, door: Mode.ASK}
    (line,) = (
        line
        for item in judged(hut(Unknown("denied")), UNMANAGED, HUTS, Standing(policies), NOW).decisions
        for line in item.trace
        if item.finding == lamp and line.text == "the account may change the resource"
    )
    assert (line.truth, line.effect) == (None, "at most ask")


def test_a_plan_rests_on_whose_the_resource_is() -> None:
    """Law 14. The mutation: leave the owner's facets out of `_rests_on`."""
    assert propose(hut(), [door_shut], HUTS.controls).values.keys() == {"doors", "street"}
    with pytest.raises(PlanRefused, match=r"lamp-lit is not applicable on .*the city keeps the lamp \(City Guide\)"):
        propose(hut("the city's"), [lamp_lit], HUTS.controls)


def planned(street: Value | Unknown) -> Plan:
    made = propose(hut(), [lamp_lit], HUTS.controls, catalog_version=HUTS.version)
    return replace(made, values={**made.values, "street": street})


def test_a_keyholder_grants_nothing_on_what_is_another_s_and_doubts_where_it_cannot_tell() -> None:
    """The mutations: no owner in `_reasons`; no doubt about an unknown owner."""
    assert derived(planned("quiet"), HUTS, {}, {"toy": toy.ToyCloud()}).doubts == ()
    with pytest.raises(GrantRefused, match="is not applicable"):
        derived(planned("the city's"), HUTS, {}, {"toy": toy.ToyCloud()})
    doubts = derived(planned(Unknown("it could not be read")), HUTS, {}, {"toy": toy.ToyCloud()}).doubts
    assert doubts == ("who may change the resource is unknown: it could not be read",)


def test_a_rule_is_refused_whose_examples_are_not_what_they_say() -> None:
    def rule(street: str) -> Owner | None:
        """The city keeps it."""
        return Owner("the city keeps it", "") if street == "theirs" else None

    def make(ours: Mapping[str, Value], theirs: Mapping[str, Value]) -> OwnerRule:
        return owner_rule(ours=[ours], theirs=[theirs])(rule)

    for ours, theirs in (("theirs", "theirs"), ("ours", "ours"), ("ours", "theirs")):
        with pytest.raises(TypeError):
            make({"street": ours}, {"street": theirs})


def test_another_owner_makes_another_catalog() -> None:
    """Who makes a plan and who grants it must agree on whose a resource is."""
    other = replace(HUT, owner_rule=None)
    assert Catalog((other,), HUTS.controls).version != HUTS.version
    assert owner_of(replace(lamp_lit, kind=other), hut("the city's")) is None


CATALOG: Final = aws_catalog()
USED: Final = CATALOG.control("aws.iam.role.used")
PATHS: Final = {"ours": "/", "linked": "/aws-service-role/ecs.amazonaws.com/"}


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ServiceContext]:
    made = ServiceContext(tmp_path / "home")
    yield made
    made.home.close()


def stored(context: ServiceContext) -> None:
    """A role of the account and one of AWS, both idle, as a scan keeps them."""
    scans, seen = context.home.scans, list[Seen]()
    for name, path in PATHS.items():
        facets = dict.fromkeys(CATALOG.judged[USED.kind], Unknown("not here")) | {"idle": 720, "path": path}
        seen.append(judged(Resource(role(name), facets), (), CATALOG, Standing(no_policies()), NOW))
    scans.save(scans.begin(ACCOUNT), Shard(ACCOUNT, "global"), {USED.kind.name}, seen)


def role(name: str) -> Ref:
    return ref_of(USED.kind, name)


def ran(context: ServiceContext, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = cli.run(["--home", str(context.home_path), *words])
    return code, capsys.readouterr().out


def test_it_is_listed_when_it_is_asked_for_and_is_in_no_total(
    context: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mutation: list it by default, or end with 1 because of it."""
    stored(context)
    code, printed = ran(context, capsys, "findings", "--control", USED.id, "--json")
    assert (code, [item["resource"] for item in json.loads(printed)["findings"]]) == (1, [role("ours").address])
    words = ("findings", "--control", USED.id, "--status", "not_applicable")
    code, printed = ran(context, capsys, *words, "--json")
    (item,) = json.loads(printed)["findings"]
    assert (code, item["resource"], item["status"]) == (0, role("linked").address, "not_applicable")
    assert (item["decision"], item["fixable"], "service-linked" in item["because"]) == (None, False, True)
    assert "IAM User Guide" in item["source"]
    code, printed = ran(context, capsys, *words)
    assert (code, "1 finding." in printed) == (0, True)


def test_it_is_explained_with_its_source_and_cannot_be_exempt(
    context: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(context)
    name = finding_id(USED.id, role("linked"))
    code, printed = ran(context, capsys, "explain", name)
    assert code == 0
    for said in ("not_applicable: it is a service-linked role", "source: IAM User Guide", "is in no total"):
        assert said in printed
    with pytest.raises(UsageError, match="only a failing finding can be exempt"):
        exemptions.give(context, ExemptionRequest(name, "me", "because", "90d"))
    assert "IAM User Guide" in ran(context, capsys, "controls", USED.id)[1]


def test_a_summary_counts_it_apart_and_in_words() -> None:
    counts = {str(status): number for number, status in enumerate(Status)}
    assert output.summary(counts).endswith(", 4 not applicable")
