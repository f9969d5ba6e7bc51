"""`findings` by account, region, kind, tag, decision and age; each filter alone picks one of two resources."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from goldseam import cli
from goldseam.model.clock import SystemClock
from goldseam.model.resource import Resource
from goldseam.ports import Shard
from goldseam.service.context import ServiceContext
from goldseam.service.pipeline import Seen, Standing, judged
from tests.aws.laws import ref_of
from tests.cli.test_automatic import CATALOG, ROTATED, policy
from tests.cli.test_isolation import NOW

OTHER: Any = next(control for control in CATALOG.controls if control.id == "aws.sns.topic.encrypted")
ONE, TWO = "111122223333", "444455556666"


def seen(control: Any, account: str, region: str, tags: dict[str, str], mode: str) -> Seen:
    ref = replace(ref_of(control.kind, account), account=account, region=region)
    owned = control.kind.owner_rule.ours[0] if control.kind.owner_rule else {}
    resource = Resource(ref, {**owned, **control.violating[0].facets, "tags": tags})
    only = CATALOG.only([control])
    return replace(judged(resource, (), only, Standing(policy(mode=mode)), NOW), resource=resource)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first finding is of ten days ago, the second of now."""
    now = SystemClock().now()
    for item, when in (
        (seen(ROTATED, ONE, "eu-west-1", {"team": "web"}, "ask"), now - timedelta(days=10)),
        (seen(OTHER, TWO, "us-east-1", {"team": "data", "old": ""}, "leave"), now),
    ):

        def then(clock: SystemClock, when: datetime = when) -> datetime:
            del clock
            return when

        monkeypatch.setattr(SystemClock, "now", then)
        made = ServiceContext(tmp_path / "home")
        ref = item.resource.ref
        made.home.scans.save(made.home.scans.begin(ref.account), Shard(ref.account, ref.region), {ref.kind}, [item])
        made.home.close()
    return tmp_path / "home"


def listed(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> set[str]:
    capsys.readouterr()
    cli.run(["--home", str(home), "findings", "--status", "all", "--json", *words])
    return {item["account"] for item in json.loads(capsys.readouterr().out)["findings"]}


@pytest.mark.parametrize(
    ("words", "accounts"),
    [
        ((), {ONE, TWO}),
        (("--accounts", ONE), {ONE}),
        (("--accounts", f"{ONE},{TWO}"), {ONE, TWO}),
        (("--regions", "us-east-1"), {TWO}),
        (("--kinds", ROTATED.kind.name), {ONE}),
        (("--tag", "team"), {ONE, TWO}),
        (("--tag", "team=web"), {ONE}),
        (("--tag", "team", "--tag", "old"), {TWO}),
        (("--decisions", "ask"), {ONE}),
        (("--decisions", "ask,leave"), {ONE, TWO}),
        (("--older-than", "9d"), {ONE}),
        (("--newer-than", "1h"), {TWO}),
        (("--newer-than", "2w"), {ONE, TWO}),
        (("--accounts", ONE, "--regions", "us-east-1"), set()),
    ],
)
def test_each_filter_lets_pass_what_it_names(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], accounts: set[str]
) -> None:
    """The mutation: leave a member of the request out of the store's filter."""
    assert listed(home, capsys, *words) == accounts


def test_all_among_other_words_is_all(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mutation: `all` is a status like any other, which no finding has."""
    cli.run(["--home", str(home), "findings", "--status", "unknown,all", "--json"])
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kinds", "aws.kms.kye"), "there is no kind `aws.kms.kye`; did you mean `aws.kms.key`"),
        (("--decisions", "aks"), "there is no decision `aks`; did you mean `ask`"),
        (("--older-than", "9"), "`9` is no time; write for example `30m`"),
        (("--tag", "=web"), "`=web` is no tag; write `key` or `key=value`"),
    ],
)
def test_a_word_that_cannot_be_meant_is_an_error(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert cli.run(["--home", str(home), "findings", *words]) == 2
    assert said in capsys.readouterr().err
