"""The JSON that programs read: which documents there are, and their members. A change here is a change of version."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, cast

import pytest

from goldseam import cli
from goldseam.assess.evaluate import Status
from goldseam.control import Secrets
from goldseam.service.audit import Verification
from goldseam.service.databases import DatabaseStatus
from goldseam.service.findings import Explanation, ListedFinding
from goldseam.service.scans import ScanResult

COMMAND_LINE: Final = Path(cli.__file__).parent
JSON_PAGE: Final = Path(__file__).parents[2] / "docs" / "json.md"
MEMBERS: Final = {
    "approval/1": {"entry"},
    "checkpoint/1": {"checkpoint"},
    "code/1": {"plan", "code", "about"},
    "connection/1": {"connection"},
    "control/1": {"control"},
    "controls/1": {"controls"},
    "database/1": {"database", "schema_version", "rows", "last", "breaks"},
    "database-migration/1": {"database", "before", "now"},
    "database-prune/1": {"forgotten"},
    "emergencies/1": {"waiting"},
    "exemptions/1": {"exemptions"},
    "explanation/1": {"finding", "decision", "because", "decided_at", "forecast", "facts"},
    "findings/1": {"findings", "not_automatic"},
    "ledger/1": {"entries"},
    "plans/1": {"plans", "refused"},
    "policy/2": {"version", "policies", "guardrails", "warnings", "decided"},
    "repairs/1": {"repairs", "refused"},
    "reseal/1": {"entry", "closed"},
    "resume/1": {"resumed"},
    "review/1": {"entry"},
    "scan/1": {"scan", "counts", "gaps", "incomplete", "repairs"},
    "simulation/2": {"version", "decisions", "summary", "total", "changed"},
    "verification/1": {"entries", "checkpoints", "signed", "hash", "since"},
}
FINDING: Final = ListedFinding(**cast("Any", dict.fromkeys((item.name for item in fields(ListedFinding)), "")))
WHOLE: Final = {
    "explanation/1": Explanation(FINDING, None, "", (), Secrets()).to_json(),
    "scan/1": ScanResult("s-1", dict.fromkeys(map(str, Status), 0), (), (), ()).to_json(),
    "verification/1": Verification().to_json(),
    "database/1": DatabaseStatus("db", 1, {}, None, ()).to_json(),
}
"""Documents that a result of the service layer makes of itself."""


def printed() -> Iterator[tuple[str, set[str] | None]]:
    """Every document that the command line prints: its name, and its members where the call names them."""
    for path in sorted(COMMAND_LINE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("print_json"):
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path.name}:{node.lineno}"
                members = [item.arg for item in node.keywords]
                yield str(name.value).removeprefix("goldseam."), None if None in members else {*filter(None, members)}


def test_the_documents_are_these_with_these_members() -> None:
    """The mutation: rename a member of `goldseam.plans/1`."""
    found = list(printed())
    assert {name for name, _ in found} == MEMBERS.keys()
    for name, members in found:
        assert (set(WHOLE[name]) if members is None else members) == MEMBERS[name], name


@pytest.mark.parametrize("name", WHOLE)
def test_a_result_is_the_document(name: str) -> None:
    assert set(WHOLE[name]) == MEMBERS[name]


def test_a_listed_finding_has_the_members_of_the_page() -> None:
    """The mutation: add a member to `ListedFinding` and not to the page."""
    text = JSON_PAGE.read_text(encoding="utf-8").partition("## A finding")[2].partition("`not_applicable`: only")[0]
    assert all(f"`{name}`" in text for name in FINDING.to_json())


def test_the_page_names_every_document() -> None:
    named = set(re.findall(r"^\| `goldseam\.([\w-]+/\d+)`", JSON_PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named >= MEMBERS.keys()
