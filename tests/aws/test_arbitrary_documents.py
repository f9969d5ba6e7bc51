"""Whatever a facet holds: it is read, judged, decided, planned, kept and shown, or refused in our own words.

For every kind, each facet is given an arbitrary document: one made of our own markers, one that fits none of what the
controls expect, or an example of a control with some part of it replaced.
"""

from __future__ import annotations

import builtins
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from goldseam.assess.context import Fact, gather
from goldseam.assess.evaluate import Finding, Status
from goldseam.cli import output
from goldseam.cli.scanning import print_reasoning
from goldseam.cli.showing import print_plan
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.commands import command_words
from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.reading import readings_of
from goldseam.clouds.aws.representable import represented, why_not_kept
from goldseam.clouds.commands import command_line
from goldseam.control import Control, Secrets, Surroundings
from goldseam.decide.policy import load_policies
from goldseam.model.errors import Refused
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, canonical, canonical_document, plain, restored, same
from goldseam.ports import Shard
from goldseam.repair.plan import Plan
from goldseam.service.masking import Masking
from goldseam.service.pipeline import Seen, Standing, judged, plan_for
from goldseam.service.views import plan_view
from goldseam.store import Home
from tests.aws.laws import ACCOUNT, ref_of

CATALOG = aws_catalog()
KINDS = [kind for kind in CATALOG.controls_of if isinstance(CATALOG.kind(kind), AwsKind)]
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
POLICY = """\
version: 2
policies:
  - {name: by-tags, controls: ["*"], scope: {tags: {environment: ["d*"]}}, mode: ask}
  - name: by-clauses
    controls: ["*"]
    when: ["resource.tags['a'] == 'b'", "context.environment in ['dev']", "!context.serves_website"]
    mode: auto
"""
STANDING = Standing(load_policies(POLICY, "policy.yaml", CATALOG))

MARKERS = st.sampled_from([
    {"$goldseam": "absent"}, {"$goldseam": "unknown", "reason": "x"}, {"$goldseam": "unknown"}, {"$goldseam": 7},
    {"$$goldseam": "absent"}, {"told by": ["a", "b"]}, {"told by": []}, {"told by": 7},
    {"$goldseam": "placeholder", "facet": "config", "name": "ETag"}, {"-": [1], "+": [2]},
])  # fmt: skip
WORDS = st.sampled_from([
    "", "absent", "$goldseam", "*", "Enabled", "TLSv1.2", "10.0.0.0/8", "::/0", "arn:aws:iam::1:role/x", "a.b", "{id}",
    "\x1b[31m", "\u202e", '{"a": 1}', "2026-01-31", "-1", "1e999", "{}", "[", "٣", "\0",
])  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS | st.text(max_size=3)
)  # fmt: skip
KEYS = WORDS | st.sampled_from(["Statement", "Effect", "Principal", "Action", "Condition", "AWS", "Key", "Value"])
DOCUMENTS = st.recursive(
    LEAVES | MARKERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
DEEP = st.integers(90, 100).map(lambda levels: orjson.loads("[" * levels + "]" * levels))
ODD = st.sampled_from([2**64, -(2**70), float("nan"), float("inf"), "\ud800", orjson.loads("[" * 400 + "]" * 400)])
PYTHON = re.compile(
    r"\b(" + "|".join(name for name in vars(builtins) if name.endswith(("Error", "Exception", "Iteration"))) + r")\b"
    r"|\b(JSONDecodeError|re\.error|InvalidOperation)\b|<class |object at 0x"
)
"""Python's own words; no reason repeats them. The mutation: `in_words` answers the exception's name and text."""
PROPERTY = settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("home")) as made:
        yield made


def examples_of(kind: str, facet: str) -> list[Json]:
    """What controls say that the facet may hold."""
    found = [
        example.facets[facet]
        for control in CATALOG.controls_of[kind]
        for example in (*control.compliant, *control.violating)
        if facet in example.facets
    ]
    return list({canonical(value): value for value in found}.values())


def replaced(data: st.DataObject, value: Any, by: st.SearchStrategy[Json]) -> Json:
    """The value with one part of it, at a random place, replaced."""
    if isinstance(value, Mapping) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: replaced(data, value[key], by)}
    if isinstance(value, (list, tuple)) and value and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], replaced(data, value[place], by), *value[place + 1 :]]
    return data.draw(by)


def drawn(data: st.DataObject, kind: str, by: st.SearchStrategy[Json]) -> dict[str, Json]:
    """A value for each facet of a kind, most of them odd in one place."""
    values: dict[str, Json] = {}
    for facet in CATALOG.kind(kind).facets:
        known = examples_of(kind, facet.name)
        odd: bool = data.draw(st.booleans())
        if known and odd:
            value = data.draw(st.sampled_from(known))
            values[facet.name] = replaced(data, value, by) if data.draw(st.booleans()) else value
        else:
            values[facet.name] = data.draw(by)
    return values


class Anything:
    """Answers every question with the same arbitrary document, as the client would give it."""

    def __init__(self, document: Json) -> None:
        self.document = represented(document, str)

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        return self.document  # type: ignore[no-any-return]

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        return [self.document, self.document]

    def today(self) -> str:
        return "2026-01-31"


@pytest.mark.parametrize("kind", KINDS)
@PROPERTY
@given(data=st.data())
def test_every_facet_of_any_answer_is_read_or_unknown(kind: str, data: st.DataObject) -> None:
    facets = [facet for facet in CATALOG.kind(kind).facets if isinstance(facet, AwsFacet)]
    ref = ref_of(CATALOG.kind(kind))
    for facet in facets:
        raw = data.draw(st.sampled_from(examples_of(kind, facet.name) or [None]))
        raw = plain(replaced(data, raw, DOCUMENTS | DEEP | ODD))
        path = (facet.get.path if facet.get else facet.listed) or ""
        for part in reversed(path.split(".") if path else []):
            raw = {part: raw}
        for item in (None, represented(raw, str)):
            for reading in readings_of(Anything(raw), ref, item, [facet]).values():
                assert isinstance(reading, (Reading, Unknown))
                if isinstance(reading, Unknown):
                    assert not PYTHON.search(reading.reason), reading.reason
                if isinstance(reading, Reading):
                    assert same(restored(orjson.loads(canonical(reading.value))), reading.value)


@pytest.mark.parametrize("kind", KINDS)
@PROPERTY
@given(data=st.data())
def test_any_resource_is_judged_decided_planned_kept_and_shown(kind: str, data: st.DataObject, home: Home) -> None:
    facets = {name: kept(value) for name, value in drawn(data, kind, DOCUMENTS | DEEP).items()}
    resource = Resource(ref_of(CATALOG.kind(kind)), facets)
    facts = known(resource, {name: tuple(neighbours(data, name)) for name in needed(kind)})
    seen = judged(resource, facts, CATALOG, STANDING, NOW)
    assert {finding.control for finding in seen.findings} == {control.id for control in CATALOG.controls_of[kind]}
    assert {decision.finding for decision in seen.decisions} == {
        finding.id for finding in seen.findings if finding.status not in {Status.PASS, Status.NOT_APPLICABLE}
    }
    said = [finding.because + finding.guide for finding in seen.findings]
    said += [fact.value.reason for fact in facts if isinstance(fact.value, Unknown)]
    said += [line for decision in seen.decisions for part in decision.trace for line in (part.text, *part.evidence)]
    assert not [text for text in said if PYTHON.search(text)]
    survives(home, replace(seen, resource=resource))
    for plan in plans(resource, seen.findings):
        again = Plan.from_json(orjson.loads(canonical_document(plan.to_json())))
        assert again.id == plan.id
        assert canonical_document(again.to_json()) == canonical_document(plan.to_json())
        shown(plan, seen)


def kept(value: Json) -> Json:
    wrong = why_not_kept(value)
    return Unknown(wrong) if wrong else value


def needed(kind: str) -> set[str]:
    rules = CATALOG.facts_of(CATALOG.kind(kind))
    return {need.name for rule in rules for need in (*rule.needs, *rule.glances)}


def neighbours(data: st.DataObject, kind: str) -> Iterator[Resource]:
    if data.draw(st.booleans()):
        facets = {facet.name: data.draw(DOCUMENTS) for facet in CATALOG.kind(kind).facets}
        yield Resource(ref_of(CATALOG.kind(kind)), facets)


def known(resource: Resource, near: Mapping[str, tuple[Resource, ...]]) -> tuple[Fact, ...]:
    rules = CATALOG.facts_of(CATALOG.kind(resource.ref.kind))
    return gather(resource, rules, Surroundings(resource.ref, NOW, near))


def survives(home: Home, seen: Seen) -> None:
    """A store and a ledger give back what they were given."""
    scan = home.scans.begin(ACCOUNT)
    home.scans.save(scan, Shard(ACCOUNT, seen.resource.ref.region), {seen.resource.ref.kind}, [seen])
    resource, facts = home.scans.resource(seen.resource.ref)
    assert same(resource.facets, seen.resource.facets)
    assert resource.facets.keys() == seen.resource.facets.keys()
    assert [canonical(fact.value) for fact in facts] == [canonical(fact.value) for fact in seen.facts]
    for finding in seen.findings:
        again = home.scans.finding(finding.id)
        assert again.finding.status is finding.status
        assert same(again.finding.changes, finding.changes)
    entry = home.ledger.append("before", {"plan": "p-1", "facets": plain(seen.resource.facets)})
    (last,) = (item for item in home.ledger.entries(kind="before") if item.seq == entry.seq)
    assert same({name: restored(value) for name, value in last.body["facets"].items()}, seen.resource.facets)


def plans(resource: Resource, findings: Iterable[Finding]) -> Iterator[Plan]:
    """The plans that can be made; those that cannot are refused in our own words."""
    for finding in findings:
        if finding.changes:
            control: Control = CATALOG.control(finding.control)
            with suppress(Refused):
                yield plan_for(resource, [control], CATALOG, STANDING, NOW, "")


def shown(plan: Plan, seen: Seen) -> None:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        print_plan(plan_view(plan, seen.decisions, Masking(CATALOG)))
        for decision in seen.decisions:
            print_reasoning(decision, Secrets())
        output.print_json("goldseam.test/1", plan=plan.to_json(), findings=[item.to_json() for item in seen.findings])
        for call in (*plan.calls, *plan.undo):
            command_line(command_words, call)


def test_every_facet_of_every_kind_is_covered() -> None:
    assert len(KINDS) == len([kind for kind, controls in CATALOG.controls_of.items() if controls])
