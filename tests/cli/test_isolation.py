"""One resource's trouble stays its own: what cannot be understood of it is said, and the others are looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from goldseam import cli
from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Status, finding_id
from goldseam.cli.planning import show_plans
from goldseam.cli.policies import simulate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.protocol import CloudAccount
from goldseam.control import Kind
from goldseam.decide.policy import Mode, no_policies
from goldseam.model.errors import AccessDenied, CredentialsExpired, CredentialsMissing, GoldseamError, PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json
from goldseam.ports import Gap, Shard
from goldseam.service.context import ServiceContext
from goldseam.service.pipeline import Seen, Standing, judged, plan_for
from goldseam.service.plans import PlanRequest, make
from goldseam.service.readings import Proposal
from tests.aws.laws import ACCOUNT, ref_of

CATALOG = aws_catalog()
PUBLIC = CATALOG.control("aws.s3.bucket.policy-not-public")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
EVIL = {"$goldseam": "unknown"}
OPEN = dict(PUBLIC.violating[0].facets)


def bucket(name: str, **facets: Json) -> Resource:
    return Resource(ref_of(PUBLIC.kind, name), {**OPEN, "tags": {}, **facets})


def seen_of(resource: Resource, facts: tuple[Fact, ...] = ()) -> Seen:
    seen = judged(resource, facts, CATALOG, Standing(no_policies()), NOW)
    return replace(seen, resource=resource)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ServiceContext]:
    made = ServiceContext(tmp_path / "home")
    yield made
    made.home.close()


def save(context: ServiceContext, *seen: Seen, gaps: tuple[Gap, ...] = ()) -> None:
    scans = context.home.scans
    scans.save(scans.begin(ACCOUNT), Shard(ACCOUNT, "global"), {PUBLIC.kind.name}, seen, gaps)


def ran(context: ServiceContext, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.run(["--home", str(context.home_path), *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def finding(name: str) -> str:
    return finding_id(PUBLIC.id, ref_of(PUBLIC.kind, name))


def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.yaml"
    path.write_text('version: 2\npolicies: [{name: d, controls: ["*"], scope: {tags: {a: ["b"]}}, mode: ask}]\n')
    return path


@pytest.mark.parametrize("marker", [EVIL, {"$goldseam": "absent"}, {"$goldseam": 7}, {"$goldseam": ["x"]}])
def test_a_users_document_that_says_our_marker_disturbs_no_command(
    marker: Mapping[str, Json], context: ServiceContext, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    save(context, seen_of(bucket("evil", policy=marker, tags=marker)), seen_of(bucket("plain")))
    code, printed, _ = ran(context, capsys, "findings", "--control", PUBLIC.id, "--status", "all")
    assert code in (1, 3)
    assert {"evil", "plain"} <= {word.rpartition(":")[2] for word in printed.split()}
    for name in ("evil", "plain"):
        assert ran(context, capsys, "explain", finding(name))[0] == 0
    assert ran(context, capsys, "policy", "simulate", str(draft(tmp_path)))[0] == 0
    resource, _ = context.home.scans.resource(ref_of(PUBLIC.kind, "evil"))
    assert (resource.facets["policy"], resource.facets["tags"]) == (marker, marker)


BROKEN = {
    "no json": "{",
    "no object": "[]",
    "another object": '{"x": 1}',
    "an odd status": '{"status": "odd"}',
    "no text": None,
}


def spoil(context: ServiceContext, statement: str, *given: object) -> None:
    with context.home.database.writing() as connection:
        assert connection.execute(statement, given).rowcount == 1


@pytest.mark.parametrize("body", [text for text in BROKEN.values() if text], ids=[key for key in BROKEN if BROKEN[key]])
def test_a_stored_finding_that_cannot_be_read_says_so_and_the_others_are_listed(
    body: str, context: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    save(context, seen_of(bucket("one")), seen_of(bucket("two")))
    spoil(context, "UPDATE finding SET body = ? WHERE id = ?", body, finding("one"))
    code, printed, _ = ran(context, capsys, "findings", "--control", PUBLIC.id, "--json")
    shown = {item["id"]: item for item in json.loads(printed)["findings"]}
    assert code == 1
    assert shown[finding("one")]["status"] == "unknown"
    assert "the stored finding cannot be read" in shown[finding("one")]["because"]
    assert shown[finding("one")]["resource"] == ref_of(PUBLIC.kind, "one").address
    assert shown[finding("one")]["decision"] is None
    assert shown[finding("two")]["status"] == "fail"
    code, printed, _ = ran(context, capsys, "explain", finding("one"))
    assert (code, "cannot be read" in printed, "No decision is stored" in printed) == (0, True, True)
    save(context, gaps=(Gap(PUBLIC.kind.name, Shard(ACCOUNT, "global"), "denied"),))


@pytest.mark.parametrize("column", ["facts", "ref"])
def test_a_stored_resource_that_cannot_be_read_is_left_out_and_the_others_are_not(
    column: str, context: ServiceContext, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    save(context, seen_of(bucket("one")), seen_of(bucket("two")))
    address = ref_of(PUBLIC.kind, "one").address
    spoil(context, f"UPDATE resource SET {column} = '{{\"a\": 1}}' WHERE address = ?", address)
    assert {ref.address for ref in context.home.scans.resources()} == {
        address, ref_of(PUBLIC.kind, "two").address,
    }  # fmt: skip
    capsys.readouterr()
    assert simulate(context, draft(tmp_path), everything=True, as_json=True) == 0
    printed = capsys.readouterr()
    assert address in printed.err
    decided = {item["finding"] for item in json.loads(printed.out)["decisions"]}
    assert finding("two") in decided
    assert finding("one") not in decided
    assert ran(context, capsys, "explain", finding("one"))[0] == 0


def test_two_failed_listings_of_one_kind_are_one_gap(context: ServiceContext) -> None:
    gaps = tuple(Gap(PUBLIC.kind.name, Shard(ACCOUNT, "global"), reason) for reason in ("first", "second"))
    save(context, seen_of(bucket("one")), gaps=gaps)
    assert [gap.reason for gap in context.home.scans.gaps()] == ["first"]


@dataclass
class Reader:
    """Reads buckets as it is told to, and raises what is told for some."""

    raising: Mapping[str, Exception]

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        del facets
        if ref.id in self.raising:
            raise self.raising[ref.id]
        return bucket(ref.id)

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource]:
        del shard, wanted
        return iter(())

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        return (resource for resource, _ in lacking)


def planned(context: ServiceContext, names: tuple[str, ...], **raising: Exception) -> tuple[Proposal, ...]:
    account = cast("CloudAccount", SimpleNamespace(reader=Reader(raising)))
    context.__dict__["account"] = account
    return make(context, PlanRequest([finding(name) for name in names]))


@pytest.mark.parametrize(
    "error",
    [ValueError("odd"), RecursionError("deep"), ZeroDivisionError("zero"), AccessDenied("no", operation="s3.X")],
    ids=lambda error: type(error).__name__,
)
def test_a_resource_that_cannot_be_planned_is_a_line_and_the_others_are_planned(
    error: Exception, context: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    save(context, seen_of(bucket("one")), seen_of(bucket("two")))
    one, two = planned(context, ("one", "two"), one=error)
    assert one.plan is None
    ours = isinstance(error, GoldseamError)
    assert (str(error) if ours else "was not foreseen") in one.refusal
    assert ours or type(error).__name__ not in one.refusal
    assert two.plan is not None
    show_plans(context, [one, two], "diff")
    printed = capsys.readouterr()
    assert two.plan.id in printed.out
    assert one.ref.address in printed.err


@pytest.mark.parametrize("error", [CredentialsMissing("none"), CredentialsExpired("old")])
def test_what_is_wrong_with_the_credentials_is_everybodys(error: Exception, context: ServiceContext) -> None:
    save(context, seen_of(bucket("one")))
    with pytest.raises(type(error)):
        planned(context, ("one",), one=error)


@pytest.mark.parametrize("form", ["diff", "cli"])
def test_a_plan_that_cannot_be_shown_is_a_line_and_the_others_are_shown(
    form: str, context: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    save(context, seen_of(bucket("one")), seen_of(bucket("two")))
    one, two = planned(context, ("one", "two"))
    assert one.plan is not None
    assert two.plan is not None
    broken = replace(one.plan, calls=cast("Any", (7,)))
    vars(broken)["id"] = "p-broken"
    show_plans(context, [replace(one, plan=broken), two], form)
    printed = capsys.readouterr()
    assert "p-broken cannot be shown" in printed.err
    assert two.plan.id in printed.out


def test_a_finding_that_cannot_be_decided_is_left_and_the_others_are_decided() -> None:
    facts = (Fact("serves_website", cast("Any", object())),)
    seen = judged(bucket("one"), facts, CATALOG, Standing(no_policies()), NOW)
    failing = {item.id for item in seen.findings if item.status is Status.FAIL}
    decisions = {item.finding: item for item in seen.decisions}
    assert failing <= decisions.keys()
    odd = decisions[finding("one")]
    assert odd.mode is Mode.LEAVE
    assert odd.approvals_needed
    reason = "a value is not of the expected type; report this"
    assert any(reason in line for part in odd.trace for line in part.evidence)
    assert any(not any(reason in e for line in item.trace for e in line.evidence) for item in decisions.values())


def test_a_plan_that_cannot_be_made_is_refused_with_what_happened() -> None:
    broken = cast("Any", replace(PUBLIC, reads=cast("Any", 7)))
    with pytest.raises(PlanRefused, match="a value is not of the expected type"):
        plan_for(bucket("one"), [broken], CATALOG, Standing(no_policies()), NOW, "")
