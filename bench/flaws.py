"""Hold findings against the flaws of a seeded account: none may be missed that a control covers, none invented.

    .venv/bin/python bench/flaws.py --manifest seed_manifest.json --findings findings.json

`findings.json` is what `goldseam findings --status all --json` printed after a scan of the account that the bench's
`seed_account.py` made. For each kind of flaw the table beside this script names the controls that answer to it; on each
resource of the manifest one of them must fail where the manifest says so, and none on resources that it calls
compliant. The exit code is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).parent / "flaws.csv"
"""Columns: service, type and flaw of the manifest; `controls` that answer to it, or `why_not` none does."""


def table() -> dict[tuple[str, str, str], tuple[str, ...]]:
    """The controls that answer to each flaw; none where the table says why not."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {(row["service"], row["type"], row["flaw"]): tuple(row["controls"].split()) for row in rows}


ACCOUNT_ENDS: Final = 5
"""The parts of an ARN up to the account."""


def names(resource: str) -> set[str]:
    """What a manifest may call the resource with this ARN; the account alone names only the account."""
    parts = re.split(r"[/:]", resource)
    own = parts if resource.endswith(":root") else parts[ACCOUNT_ENDS:]
    return {resource, resource.rpartition(":")[0], *own}


def failing(findings: Iterable[Mapping[str, Any]]) -> Mapping[tuple[str, str], dict[str, str]]:
    """Controls and their statuses, by region and each name that a resource may go by."""
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for finding in findings:
        for name in names(finding["resource"]):
            for region in {finding["region"], "global"}:
                found[region, name][finding["control"]] = finding["status"]
    return found


def statuses(seen: Mapping[tuple[str, str], dict[str, str]], resource: Mapping[str, Any]) -> Mapping[str, str]:
    """What was found on a resource of the manifest and its parts; ids of the manifest may be ARNs, URLs or names."""
    last = re.split(r"[/:]", resource["id"])[-1]
    found: dict[str, str] = {}
    for region in (resource["region"], "global"):
        for name in (resource["id"], resource["id"].rpartition(":")[0], last):
            found |= seen.get((region, name), {})
    return found


def differences(
    manifest: Mapping[str, Any], findings: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, str, str, str]]:
    """What differs: `missed`, `invented`, `unread` or `unanswered`, with the type, the flaw and the resource's id."""
    answers, seen = table(), failing(findings)
    for resource in manifest["resources"]:
        kind = f"{resource['service']}/{resource['type']}"
        found = statuses(seen, resource)
        for flaw in resource["flaws"]:
            if (resource["service"], resource["type"], flaw) not in answers:
                yield "unanswered", kind, flaw, resource["id"]
        for (service, type_, flaw), controls in answers.items():
            if (service, type_) != (resource["service"], resource["type"]) or not controls:
                continue
            told = {found[control] for control in controls if control in found}
            if flaw in resource["flaws"] and "fail" not in told:
                yield "unread" if "unknown" in told else "missed", kind, flaw, resource["id"]
            elif not resource["flaws"] and "fail" in told:
                yield "invented", kind, flaw, resource["id"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--findings", type=Path, required=True)
    chosen = parser.parse_args()
    manifest = json.loads(chosen.manifest.read_text(encoding="utf-8"))
    findings = json.loads(chosen.findings.read_text(encoding="utf-8"))["findings"]
    found = sorted(differences(manifest, findings))
    for what, kind, flaw, name in found:
        print(f"{what:<10} {kind:<28} {flaw:<24} {name}")
    flaws = sum(len(resource["flaws"]) for resource in manifest["resources"])
    counts = Counter(what for what, *_ in found)
    print(
        f"{flaws} flaws in the manifest:",
        ", ".join(f"{number} {what}" for what, number in counts.items()) or "all found",
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
