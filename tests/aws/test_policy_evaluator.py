"""What identity-based policies allow, row by row from AWS's pages, and as an independent implementation answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from time import process_time

import pytest

from goldseam.clouds.aws.policy_conditions import Context
from goldseam.clouds.aws.policy_evaluator import Access, Policies, Request
from goldseam.clouds.aws.policy_globs import covers_resource, glob
from goldseam.values import Json

TABLE = Path(__file__).with_name("policy_evaluations.csv")


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def document(statements: str, version: str = "2012-10-17") -> Json:
    return {"Version": version, "Statement": json.loads(statements)}


def access(row: Mapping[str, str]) -> Access:
    boundary = Policies([document(row["boundary"])]) if row["boundary"] else None
    policies = Policies([document(row["statements"], row["version"])], boundary)
    values = {key: tuple(known) for key, known in json.loads(row["context"] or "{}").items()}
    return policies.access(Request(row["action"], row["resource"], Context(values)))


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
    held = Policies([allow, deny])
    assert held.access(Request("s3:GetObject", "arn:aws:s3:::a/b")) is Access.ALLOWED
    assert held.access(Request("s3:PutObject", "arn:aws:s3:::a/b")) is Access.DENIED


def test_no_pattern_takes_long() -> None:
    """The mutation: a `*` that goes back (`.*` for every part)."""
    begun = process_time()
    assert glob("*a" * 40 + "b").match("a" * 4000) is None
    assert covers_resource("arn:" + "*?" * 40 + "b", "arn:aws:s3:::" + "a" * 1000) is False
    assert process_time() - begun < 1
