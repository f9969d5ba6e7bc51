"""`policy`: checked, put in force with what is stored decided anew, simulated, rewritten; and `explain` in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldseam import cli
from goldseam.assess.context import Fact
from goldseam.decide.policy import no_policies
from goldseam.model.resource import Resource
from goldseam.ports import Gap, Shard
from goldseam.service.context import ServiceContext
from goldseam.service.pipeline import Seen, Standing, judged
from tests.aws.laws import ACCOUNT, ref_of
from tests.cli.test_automatic import CATALOG, ROTATED
from tests.cli.test_isolation import NOW

KIND = ROTATED.kind
ASK = "{name: rest, controls: '*', mode: ask}"
AUTO = "{name: keys, controls: aws.kms.key.rotated, mode: auto, when: [\"context.managed_by == ''\"]}"
OLD = """\
version: 1
policies:
  - {name: a, controls: '*', mode: auto, when: ['true']}
  - {name: b, controls: '*', mode: ask}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[ServiceContext]:
    made = ServiceContext(tmp_path / "home")
    yield made
    made.home.close()


def key(name: str, managed_by: str = "") -> Seen:
    """A key without rotation, on which a scan decided without a policy."""
    example: Any = ROTATED.violating[0]
    owner: Any = KIND.owner_rule
    resource = Resource(ref_of(KIND, name), {**owner.ours[0], **example.facets, "tags": {}})
    facts = (Fact("managed_by", managed_by, ("a tag",)),)
    seen = judged(resource, facts, CATALOG.only([ROTATED]), Standing(no_policies()), NOW)
    return replace(seen, resource=resource)


def save(workspace: ServiceContext, *seen: Seen, gaps: tuple[Gap, ...] = ()) -> str:
    scans = workspace.home.scans
    scan = scans.begin(ACCOUNT)
    scans.save(scan, Shard(ACCOUNT, ref_of(KIND, "x").region), {KIND.name}, seen, gaps)
    return scan


def written(tmp_path: Path, policies: str, guardrails: str = "") -> str:
    file = tmp_path / "rules.yaml"
    guarding = f"guardrails: [{guardrails}]\n" if guardrails else ""
    file.write_text(f"version: 2\n{guarding}policies: [{policies}]\n")
    return str(file)


def ran(workspace: ServiceContext, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.run(["--home", str(workspace.home_path), *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def decisions(workspace: ServiceContext) -> dict[str, str]:
    kept = workspace.home.scans.findings()
    return {item.finding.ref.id: str(item.decision.mode) if item.decision else "none" for item in kept}


def test_use_decides_what_is_stored_at_once(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each finding keeps its scan, its resource and its history. The mutation: decisions follow at the next scan."""
    first = save(workspace, key("key-1"))
    second = save(workspace, key("key-1"), key("key-2", "terraform"))
    assert decisions(workspace) == {"key-1": "leave", "key-2": "leave"}
    before = {ref: workspace.home.scans.history(ref) for ref in workspace.home.scans.resources()}
    code, printed, _ = ran(workspace, capsys, "policy", "use", written(tmp_path, f"{AUTO}, {ASK}"))
    assert code == 0
    assert "in force: 2 policies, version" in printed
    assert "decided anew: 2 findings, 2 otherwise than before" in printed
    assert decisions(workspace) == {"key-1": "auto", "key-2": "ask"}
    assert {ref: workspace.home.scans.history(ref) for ref in workspace.home.scans.resources()} == before
    assert first != second
    assert {item.scan for item in workspace.home.scans.findings()} == {second}
    document = json.loads(ran(workspace, capsys, "policy", "use", written(tmp_path, ASK), "--json")[1])
    assert (document["schema"], document["decided"]) == (
        "goldseam.policy/2", {"findings": 2, "changed": 1, "left_out": []},
    )  # fmt: skip
    assert decisions(workspace) == {"key-1": "ask", "key-2": "ask"}


def test_use_does_not_judge_what_could_not_be_listed(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is unknown, whatever was read of it before (law 5). The mutation: everything that is stored is judged."""
    save(workspace, key("key-1"))
    save(workspace, gaps=(Gap(KIND.name, Shard(ACCOUNT, ref_of(KIND, "x").region), "denied"),))
    ran(workspace, capsys, "policy", "use", written(tmp_path, AUTO))
    (kept,) = workspace.home.scans.findings()
    assert (str(kept.finding.status), kept.decision) == ("unknown", None)


def test_simulate_shows_what_would_change_and_a_summary(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mutation: every finding is listed, or the summary leaves out what stays."""
    save(workspace, key("key-1"), key("key-2", "terraform"), key("key-3"))
    ran(workspace, capsys, "policy", "use", written(tmp_path, ASK))
    draft = written(tmp_path, f"{AUTO}, {ASK}", "{name: here, scope: {accounts: ['9*']}, at_most: leave}")
    code, printed, _ = ran(workspace, capsys, "policy", "simulate", draft)
    assert code == 0
    assert "2 of 3 decisions would be another one." in printed
    assert "ask → auto" in printed
    assert "1  stay ask" in printed
    assert ("key-1" in printed, "key-2" in printed, "`--all` lists" in printed) == (True, False, True)
    assert "warning: `here`" in printed
    assert decisions(workspace)["key-1"] == "ask", "nothing is stored"
    every = ran(workspace, capsys, "policy", "simulate", draft, "--all")[1]
    assert ("key-2" in every, "`--all` lists" in every) == (True, False)
    document = json.loads(ran(workspace, capsys, "policy", "simulate", draft, "--json")[1])
    assert (document["schema"], document["total"], document["changed"]) == ("goldseam.simulation/2", 3, 2)
    assert {row["today"] + row["draft"] for row in document["decisions"]} == {"askauto"}
    assert {(row["today"], row["draft"]): row["findings"] for row in document["summary"]} == {
        ("ask", "auto"): 2, ("ask", "ask"): 1,
    }  # fmt: skip


def test_check_warns_of_what_means_nothing(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the file alone, and against what was scanned; a home is not made for it."""
    other = "{name: elsewhere, controls: '*', scope: {accounts: ['999999999999']}, mode: leave}"
    file = written(tmp_path, f"{other}, {ASK}, {AUTO}")
    code, printed, _ = ran(workspace, capsys, "policy", "check", file)
    assert (code, workspace.home_path.exists()) == (0, False)
    assert "3 policies, no mistakes" in printed
    assert "warning: `keys`" in printed
    assert "policy `rest`" in printed
    assert "elsewhere`" not in printed
    save(workspace, key("key-1"))
    printed = ran(workspace, capsys, "policy", "check", file)[1]
    assert "`elsewhere` (" in printed
    assert "it matches nothing that was scanned" in printed
    document = json.loads(ran(workspace, capsys, "policy", "check", file, "--json")[1])
    assert [item["name"] for item in document["warnings"]] == ["keys", "elsewhere"]


def test_a_file_of_version_1_names_the_way_out(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it is in force already, recorded by an older release."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(OLD)
    code, _, said = ran(workspace, capsys, "policy", "use", str(old))
    assert (code, "rewrite it with `goldseam policy migrate FILE`" in said, "old.yaml:1" in said) == (2, True, True)
    code, printed, said = ran(workspace, capsys, "policy", "migrate")
    assert (code, "no policy is in force; name the file to rewrite" in said) == (2, True)
    workspace.home.ledger.append("policy", {"version": "v", "text": OLD, "path": "p", "by": "dana"})
    assert "goldseam policy migrate" in ran(workspace, capsys, "policy", "show", "--json")[2]
    printed = ran(workspace, capsys, "policy", "migrate")[1]
    assert ran(workspace, capsys, "policy", "migrate", str(old))[1] == printed
    assert "version: 2\n" in printed
    assert ran(workspace, capsys, "policy", "migrate", str(old), "-o", str(new))[0] == 0
    assert new.read_text() == printed
    assert ran(workspace, capsys, "policy", "migrate", str(old), "-o", str(new))[0] == 2
    assert old.read_text() == OLD
    assert ran(workspace, capsys, "policy", "use", str(new))[0] == 0
    assert ran(workspace, capsys, "policy", "show", "--json")[0] == 0


def test_a_policy_in_force_from_before_is_read_as_it_would_be_rewritten(
    workspace: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upgrade stops no rollback. The mutations: refuse it; or read the old text by the new order, which is auto."""
    save(workspace, key("key-1"))
    (kept,) = workspace.home.scans.findings()
    workspace.home.ledger.append("policy", {"version": "v", "text": OLD, "path": "p", "by": "dana"})
    assert [policy.mode for policy in workspace.policies.policies] == ["ask", "auto"]
    code, _, said = ran(workspace, capsys, "policy", "show", "--json")
    assert code == 0
    assert "is of version 1 and is read as `goldseam policy migrate` rewrites it" in said
    assert ran(workspace, capsys, "explain", kept.finding.id)[0] == 0


def test_a_policy_in_force_that_cannot_be_read_at_all_is_an_error(
    workspace: ServiceContext, capsys: pytest.CaptureFixture[str]
) -> None:
    text = OLD.replace("mode: ask", "mode: aks")
    workspace.home.ledger.append("policy", {"version": "v", "text": text, "path": "p", "by": "dana"})
    code, _, said = ran(workspace, capsys, "policy", "show", "--json")
    assert (code, "version 1" in said) == (2, True)


def test_the_first_policy_of_init_loads_without_a_warning(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "first.yaml"
    assert ran(workspace, capsys, "policy", "init", str(file))[0] == 0
    assert ran(workspace, capsys, "policy", "check", str(file))[1].strip().endswith("1 policy, no mistakes")
    commented = file.read_text().replace("\n# guardrails", "\nguardrails").replace("\n#   ", "\n  ")
    file.write_text(commented.replace("\n  # ", "\n  ").replace("\n  An automatic", "\n  # An automatic"))
    printed = ran(workspace, capsys, "policy", "check", str(file))[1]
    assert printed.strip().endswith("2 guardrails, 2 policies, no mistakes")


def test_explain_says_first_what_decides(
    workspace: ServiceContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mutation: the sentences come after the reasoning, or not at all."""
    save(workspace, key("key-1"))
    (kept,) = workspace.home.scans.findings()
    guard = "{name: not-here, scope: {accounts: ['1*']}, at_most: assist}"
    ran(workspace, capsys, "policy", "use", written(tmp_path, f"{AUTO}, {ASK}", guard))
    printed = ran(workspace, capsys, "explain", kept.finding.id)[1]
    lines = printed[printed.index("decision:") :].splitlines()
    assert lines[:3] == [
        "decision: assist (policy keys)",
        "  Guardrail `not-here` applies: at most assist.",
        "  Policy `keys` is the first that applies; by itself it would allow auto.",
    ]
    document = json.loads(ran(workspace, capsys, "explain", kept.finding.id, "--json")[1])
    assert document["because"] == [line.strip() for line in lines[1:3]]
