"""What identity-based policies allow, row by row from AWS's pages, and as an independent implementation answers."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time

import pytest

from goldseam.clouds.aws.policy_conditions import Context
from goldseam.clouds.aws.policy_evaluator import Access, AccessRequest, PrincipalPolicies
from goldseam.clouds.aws.policy_globs import covers_resource, glob
from goldseam.model.values import Json

ANSWERS = Path(__file__).with_name("iam_simulate_answers.jsonl.gz")
TABLE = Path(__file__).with_name("policy_evaluations.csv")


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def document(statements: str, version: str = "2012-10-17") -> Json:
    return {"Version": version, "Statement": json.loads(statements)}


def access(row: Mapping[str, str]) -> Access:
    boundary = PrincipalPolicies([document(row["boundary"])]) if row["boundary"] else None
    policies = PrincipalPolicies([document(row["statements"], row["version"])], boundary)
    values = {key: tuple(known) for key, known in json.loads(row["context"] or "{}").items()}
    return policies.access(AccessRequest(row["action"], row["resource"], Context(values)))


@pytest.mark.parametrize("row", rows(), ids=[row["id"] for row in rows()])
def test_what_the_pages_of_aws_say(row: dict[str, str]) -> None:
    """The mutations: `?` as `.*`; `Deny` after `Allow`; a conditional `Deny` as one; each operator as another."""
    assert access(row).name.lower() == row["expected"], row["source"]


def test_every_row_names_its_page_and_is_told_once() -> None:
    assert len({row["id"] for row in rows()}) == len(rows()) >= 60
    assert all(row["source"].startswith("IAM User Guide, ") for row in rows())


def test_statements_of_several_policies_count_together_and_a_denial_for_all() -> None:
    """The mutation: `Policies` of the last document only."""
    allow = document('[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]')
    deny = document('[{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}]')
    held = PrincipalPolicies([allow, deny])
    assert held.access(AccessRequest("s3:GetObject", "arn:aws:s3:::a/b")) is Access.ALLOWED
    assert held.access(AccessRequest("s3:PutObject", "arn:aws:s3:::a/b")) is Access.DENIED


def test_no_pattern_takes_long() -> None:
    """The mutation: a `*` that goes back (`.*` for every part)."""
    begun = process_time()
    assert glob("*a" * 40 + "b").match("a" * 4000) is None
    assert covers_resource("arn:" + "*?" * 40 + "b", "arn:aws:s3:::" + "a" * 1000) is False
    assert process_time() - begun < 1


# An independent implementation (bench/iam_simulate)


def answers() -> list[dict[str, Json]]:
    with gzip.open(ANSWERS, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def ours(case: Mapping[str, Json]) -> Access:
    boundary = PrincipalPolicies([case["boundary"]]) if case["boundary"] else None
    context = Context({key.lower(): (value,) for key, value in case["context"].items()}, complete=True)
    return PrincipalPolicies(case["policies"], boundary).access(
        AccessRequest(case["action"], case["resource"], context)
    )


def changed(case: Mapping[str, Json], edit: Callable[[Json], Json]) -> dict[str, Json]:
    """The case with every statement edited."""
    documents = [*case["policies"], *([case["boundary"]] if case["boundary"] else [])]
    edited = [{**each, "Statement": [edit(statement) for statement in each["Statement"]]} for each in documents]
    count = len(case["policies"])
    return {**case, "policies": edited[:count], "boundary": edited[count] if case["boundary"] else None}


def never_all(statement: Json) -> Json:
    """`*:*` as the action of no service."""
    return json.loads(json.dumps(statement).replace('"*:*"', '"none:none"'))


def on_some(statement: Json) -> Json:
    """What is allowed on something as allowed on `*`, and only a denial of everything as one of `*`."""
    rest = {key: value for key, value in statement.items() if key != "NotResource"}
    if statement["Effect"] == "Allow":
        return {**rest, "Resource": "*"}
    return {**rest, "Resource": "none"} if "NotResource" in statement else statement


READINGS: Mapping[str, Callable[[Json], Json]] = {
    "IAM takes `*:*` for every action": never_all,
    "an action without resources needs `*` (IAM User Guide, IAM JSON policy elements: Resource)": on_some,
}
"""Where we differ by design, and how iam-simulate reads the policies instead."""


OPEN = "AWS's pages leave it open"


def reason(case: Mapping[str, Json]) -> str:
    """Why another answer than ours is expected; empty where none is."""
    answer = Access.ALLOWED if case["answer"] == "Allowed" else Access.DENIED
    if ours(case) is answer:
        return ""
    read = {name: ours(changed(case, edit)) for name, edit in READINGS.items()}
    if Access.CONDITIONAL in {ours(case), *read.values()}:
        return OPEN
    return next((name for name, found in read.items() if found is answer), "unexplained")


def test_an_independent_implementation_answers_the_same() -> None:
    """2,000 cases of a fixed seed as iam-simulate 0.1.173 answered them; the mutations are those of the rows above.

    Open for us, and answered there, is what AWS's pages leave open: a wildcard in the type of a resource, `*` over
    colons, `NotResource` with a variable that has no value.
    """
    cases = answers()
    found = Counter(map(reason, cases))
    assert {case["answer"] for case in cases} == {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"}
    assert found == {"": 1881, **dict(zip(READINGS, (43, 41), strict=True)), OPEN: 35}, [
        case for case in cases if reason(case) == "unexplained"
    ][:3]
