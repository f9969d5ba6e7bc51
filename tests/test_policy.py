"""Policies are read strictly: what is not understood is an error with its line and the nearest right word."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.assess.context import gather
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import (
    Answer,
    Catalog,
    Cidr,
    Facet,
    Kind,
    OneOf,
    Severity,
    Spelling,
    Step,
    Surroundings,
    Verdict,
    compliant,
    control,
    fact,
    harmless,
    known,
    should_be,
)
from goldseam.decide.clause import ClauseEnvironment
from goldseam.decide.policy import (
    Approvals,
    Limits,
    Mode,
    NameMarker,
    Ownership,
    PolicySet,
    Scope,
    TagMarker,
    Window,
    load_policies,
    no_policies,
)
from goldseam.model.document import LARGEST
from goldseam.model.errors import InvalidDocument
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Unknown, Value


@dataclass(frozen=True)
class Plain(Facet):
    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        return ()


VAULT = Kind("test.vault", "vault", (Plain(name="lock"), Plain(name="tags")))
SHELF = Kind("test.shelf", "shelf", (Plain(name="lock"),))


@control(
    "test.vault.locked", VAULT, severity=Severity.HIGH,
    disrupts=harmless("a lock shuts nobody out", source="Toys, a page"),
    compliant=[{"lock": "on"}], violating=[{"lock": "off"}],
)  # fmt: skip
def locked(lock: Value, *, turns: int = 2, inner: tuple[Cidr, ...] = ()) -> Verdict:
    """The vault is locked."""
    return compliant if lock == "on" else should_be(lock="on", because=f"unlocked for {turns} turns, {inner}")


@control(
    "test.shelf.locked", SHELF, severity=Severity.LOW,
    disrupts=harmless("a lock shuts nobody out", source="Toys, a page"),
    compliant=[{"lock": "on"}], violating=[{"lock": "off"}],
)  # fmt: skip
def shelf_locked(lock: Value) -> Verdict:
    """The shelf is locked."""
    return compliant if lock == "on" else should_be(lock="on", because="unlocked")


@fact("environment", VAULT, OneOf(("dev", "staging", "production")))
def environment(*, around: Surroundings) -> Answer:
    """What it is used for."""
    return known("dev", "the tag says so")


@fact("serves_website", VAULT, bool)
def serves_website(*, around: Surroundings) -> Answer:
    """It serves a website."""
    return known(False, "there is none")


DIGITS = Spelling("an account id has 12 digits", r"\d{12}", r"\d", 12, "111122223333")
LANDS = Spelling("a region has a name", r"[a-z]{2}-\d", r"[a-z0-9-]", 4, "eu-1")


@fact("managed_by", VAULT, OneOf(("", "terraform", "pulumi")))
def managed_by(*, around: Surroundings) -> Answer:
    """The tool that made it."""
    return known("", "no marker found")


CATALOG = Catalog(
    (VAULT, SHELF), (locked, shelf_locked), (environment, serves_website, managed_by), account_spellings=(DIGITS,),
    region_spellings=(LANDS,),
)  # fmt: skip

FULL = """\
version: 2
policies:
  - name: lock-vaults
    controls: ["test.vault.*"]
    scope: {accounts: ["012345670123", "9*"], regions: eu-*, kinds: [test.vault], tags: {team: [web, data], tier: "1"}}
    when:
      - "!context.serves_website"
      - "context.environment in ['dev', 'staging']"
    mode: auto
    settings: {turns: 3, inner: [10.0.0.0/8]}
    approvals: {needed: 2, from: [security, platform]}
    limits: {per_hour: 0, per_account: 7}
    window: {days: [mon-wed, fri], hours: "09:00-17:30", zone: Europe/Berlin}
  - name: leave-the-rest
    controls: test.shelf.locked
    mode: leave
"""


def load(text: str) -> PolicySet:
    return load_policies(text, "rules.yaml", CATALOG)


def test_a_full_policy_is_read_as_it_is_written() -> None:
    first, second = load(FULL).policies
    assert (first.name, first.controls, first.mode, first.where) == (
        "lock-vaults",
        ("test.vault.*",),
        "auto",
        "rules.yaml:3",
    )
    assert first.scope == Scope(
        ("012345670123", "9*"), ("eu-*",), ("test.vault",), {"team": ("web", "data"), "tier": ("1",)}
    )
    assert [clause.text for clause in first.when] == [
        "!context.serves_website",
        "context.environment in ['dev', 'staging']",
    ]
    assert [clause.where for clause in first.when] == ["rules.yaml:7", "rules.yaml:8"]
    assert first.settings == {"turns": 3, "inner": ["10.0.0.0/8"]}
    assert first.approvals == Approvals(2, ("security", "platform"))
    assert first.limits == Limits(per_hour=0, per_account=7)
    assert first.window == Window(frozenset({0, 1, 2, 4}), 540, 1050, "Europe/Berlin")
    assert (second.mode, second.scope, second.when, second.window) == (Mode.LEAVE, Scope(), (), None)


def test_limits_and_approvals_are_on_by_default() -> None:
    second = load(FULL).policies[1]
    assert (second.limits, second.approvals) == (Limits(20, 5), Approvals(1, ()))


def test_a_set_knows_the_facts_it_asks_for_and_whom_it_names() -> None:
    policies = load(FULL)
    assert policies.facts == {"serves_website", "environment"}
    assert [policy.name for policy in policies.naming(locked)] == ["lock-vaults"]
    assert [policy.name for policy in policies.naming(shelf_locked)] == ["leave-the-rest"]


def test_the_version_is_the_text() -> None:
    assert load(FULL).version == load(FULL).version
    assert load(FULL).version != load(FULL + "# a remark\n").version
    assert no_policies().policies == ()


def policy(*lines: str) -> str:
    head = "- {name: one, controls: test.vault.locked"
    return f"version: 2\npolicies:\n{head}, {', '.join(lines)}}}\n"


WRONG = {
    "mode: atuo": "there is no mode `atuo`; did you mean `auto`?",
    "mode: off": "there is no mode `off`; it is one of leave, assist, ask, auto",
    "mode: on": "there is no mode `on`; it is one of leave, assist, ask, auto",
    "mode: Auto": "there is no mode `Auto`; did you mean `auto`?",
    "mode: [ask]": "`mode` is a single value; write one",
    "mode: ~": "`mode` is a single value; write one",
    "mode: auto": 'policy `one` is `auto` without a clause; add `when`, with `"true"` for always',
    "mode: auto, when: []": "`when` is an empty list, and silence means no",
    "mode: ask, when: []": "`when` is an empty list, and silence means no",
    "mode: auto, when: 'true'": "`when` is a list; write `- item` lines or `[item, …]`",
    "mode: auto, when: ~": "`when` is a list",
    "mode: auto, when: [true]": 'an item of `when` is a text; write `"true"` in quotes',
    "mode: auto, when: [~]": "an item of `when` is a single value; write one",
    "mode: auto, when: ['context.enviroment == \"dev\"']": "there is no fact `enviroment`; did you mean `environment`?",
    "mode: auto, when: ['context.environment == 1']": "`==` cannot take string, int; compare values of one type",
    "mode: auto, when: [!context.serves_website ]": "the tag `!context.serves_website` is not allowed; put a text that",
    "mode: ask, limit: {}": "there is no key of a policy `limit`; did you mean `limits`?",
    "mode: ask, mode: auto": "`mode` is given twice in a policy; keep one",
    "mode: ask, limits: {per_hour: 1, per_hour: 2}": "`per_hour` is given twice in `limits`; keep one",
    "mode: ask, limits: {per_hours: 1}": "there is no key of `limits` `per_hours`; did you mean `per_hour`",
    "mode: ask, limits: {per_hour: -1}": "`per_hour` cannot be `-1`; write a whole number from 0 to 100000",
    "mode: ask, limits: {per_hour: 1.5}": "`per_hour` cannot be `1.5`",
    "mode: ask, limits: {per_hour: 010}": "`per_hour` cannot be `010`",
    "mode: ask, limits: {per_hour: '5'}": "`per_hour` cannot be `5`",
    "mode: ask, limits: {per_hour: no}": "`per_hour` cannot be `no`",
    "mode: ask, limits: none": "`limits` is a mapping; write `key: value` lines",
    "mode: ask, approvals: {needed: 0}": "`needed` cannot be `0`; write a whole number from 1 to 20",
    "mode: ask, approvals: {from: []}": "`from` is an empty list, which matches nothing",
    "mode: ask, settings: {turn: 1}": "there is no setting of test.vault.locked `turn`; did you mean `turns`?",
    "mode: ask, settings: {turns: '3'}": "setting `turns` (int) cannot be `3`: int is wanted",
    "mode: ask, settings: {inner: [10.0.0.1/8]}": "10.0.0.1/8 has host bits set",
    "mode: ask, settings: {inner: [0.0.0.0/0]}": "that is the whole internet",
    "mode: ask, settings: {inner: [0.0.0.0/1, 128.0.0.0/1]}": "that is the internet at large",
    "mode: ask, settings: {turns: {by: account, values: {111122223333: 3}}}": 'write `"111122223333"` in quotes',
    "mode: ask, settings: {turns: 2024-13-45}": "is not a value",
    "mode: ask, limits: {}": "`limits` says nothing; give `per_hour` or `per_account`, or remove the key",
    "mode: ask, scope: {accounts: [111122223333]}": 'is a text; write `"111122223333"` in quotes',
    "mode: ask, scope: {accounts: [089012345678]}": 'is a text; write `"089012345678"` in quotes',
    "mode: ask, scope: {accounts: ['1111']}": "`accounts` is never `1111`; an account id has 12 digits",
    "mode: ask, scope: {accounts: ['1111222233334*']}": "is never `1111222233334*`",
    "mode: ask, scope: {accounts: ['dev*']}": "is never `dev*`",
    "mode: ask, scope: {regions: [eu-west]}": "`regions` is never `eu-west`; a region has a name",
    "mode: ask, scope: {regions: ['EU-*']}": "is never `EU-*`",
    "mode: ask, scope: {tags: {tier: 1}}": 'is a text; write `"1"` in quotes',
    "mode: ask, scope: {tags: {tier: [a, yes]}}": 'is a text; write `"yes"` in quotes',
    "mode: ask, scope: {tags: {'te?m': web}}": "no tag is called `te?m`",
    "mode: ask, scope: {tags: {team: 'web|data'}}": "no tag has the value `web|data`; a value is up to 256",
    "mode: ask, scope: {account: '1'}": "there is no key of `scope` `account`; did you mean `accounts`?",
    "mode: ask, scope: {accounts: []}": "`accounts` is an empty list, which matches nothing",
    "mode: ask, scope: {regions: ['eu west']}": "cannot hold `eu west`; write a name, with `*` for any text",
    "mode: ask, scope: {kinds: test.valt}": "there is no kind `test.valt`; did you mean `test.vault`",
    "mode: ask, scope: {tags: {}}": "`tags` names no tag; name one, or remove the key",
    "mode: ask, scope: {tags: {team: []}}": "`team` is an empty list, which matches nothing",
    "mode: ask, scope: {tags: {team: ~}}": "`team` is a single value; write one",
    "mode: ask, window: {hours: '9:00-17:00'}": '`hours` cannot be `9:00-17:00`; write for example `"09:00-17:00"`',
    "mode: ask, window: {hours: '09:00-25:00'}": "`hours` cannot be `09:00-25:00`",
    "mode: ask, window: {hours: '09:00-09:00'}": "begin and end at the same time",
    "mode: ask, window: {days: monday}": "there is no day `monday`; write for example `mon-fri`",
    "mode: ask, window: {days: mon-}": "there is no day ``",
    "mode: ask, window: {days: []}": "`days` is an empty list",
    "mode: ask, window: {}": "`window` says nothing",
    "mode: ask, window: {days: mon, zone: Europe/Berln}": "no time zone `Europe/Berln`; did you mean `Europe/Berlin`",
    "mode: ask, window: {days: mon, zone: ../UTC}": "there is no time zone `../UTC`",
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_an_error_at_load(line: str) -> None:
    """PEERS 13: a misspelt mode, and everything else, is an error; never `off`, never `on`."""
    with pytest.raises(InvalidDocument) as caught:
        load(policy(line))
    assert WRONG[line] in caught.value.problem
    assert caught.value.line == 3


TOP = {
    "": "the file is empty",
    "# nothing\n": "the file is empty",
    "- version: 2\n": "the file is a mapping",
    "policies: []\n": "the file needs `version`; add it",
    "version: 2\n": "the file needs `policies`; add it",
    "version: 3\npolicies: []\n": "`version` cannot be `3`; write a whole number from 2 to 2",
    "version: '2'\npolicies: []\n": "`version` cannot be `2`",
    "version: 1\npolicies: []\n": "rewrite it with `goldseam policy migrate FILE` (without FILE: the policy in force)",
    "version: 1\npolicies: [{what: ever}]\n": "in version 1 the most careful policy decided",
    "version: 2\npolicies: []\nguardrails: []\n": "`guardrails` is an empty list; write one, or remove the key",
    "version: 2\npolicies: []\nguardrails: {}\n": "`guardrails` is a list",
    "version: 2\npolicies: {}\n": "`policies` is a list",
    "version: 2\npolicies:\n": "`policies` is a list",
    "version: 2\npolices: []\n": "there is no key of the file `polices`; did you mean `policies`?",
    "version: 2\npolicies: [{}]\n": "a policy needs `name`; add it",
    "version: 2\npolicies: [one]\n": "a policy is a mapping",
    "version: 2\npolicies: [\n": "this is not YAML",
    "version: 2\n\tpolicies: []\n": "this is not YAML",
    "version: 2\npolicies: []\n---\nversion: 2\n": "several documents",
    "version: &a 1\npolicies: []\n": "anchors and aliases are not allowed",
    "version: 2\npolicies: *a\n": "anchors and aliases are not allowed",
    "version: !!python/name:os.system 1\npolicies: []\n": "the tag `tag:yaml.org,2002:python/name:os.system`",
    "version: !!int '1'\npolicies: []\n": "the tag `tag:yaml.org,2002:int` is not allowed",
    "version: 2\npolicies: " + "[" * 5000: "nests more than 12 deep",
    "version: 2\npolicies: []\n" + "#" * LARGEST: "the file is larger than 256 KiB; split it",
    "version: 2\npolicies: []\x00\n": "characters that YAML does not allow",
    "version: 2\npolicies: []\ud800\n": "characters that YAML does not allow",
    "? [1]\n: 2\n": "a key of the file is a single value",
}  # fmt: skip


@pytest.mark.parametrize("text", TOP, ids=range(len(TOP)))
def test_a_file_that_is_no_policy_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(text)
    assert TOP[text] in caught.value.problem


def with_markers(*lines: str) -> str:
    return "version: 2\nownership:\n  markers:\n" + "".join(f"  - {line}\n" for line in lines) + "policies: []\n"


def test_markers_are_read_as_they_are_written() -> None:
    text = with_markers(
        "{tag: managed-by, value: 'terraform*', means: terraform}", '{tag: stack, value: [a, "1"], means: in-house}',
        "{tag: stack, means: in-house}", "{name: 'tf-*', means: terraform}",
    )  # fmt: skip
    assert load(text).ownership == Ownership(
        (TagMarker("managed-by", ("terraform*",), "terraform"), TagMarker("stack", ("a", "1"), "in-house"),
         TagMarker("stack", ("*",), "in-house"), NameMarker("tf-*", "terraform"))
    )  # fmt: skip
    assert load("version: 2\npolicies: []\n").ownership is None


def unmanaged(text: str) -> str:
    return f"version: 2\nownership:\n  {text}\npolicies: []\n"


def test_kinds_that_no_code_manages_are_read_as_they_are_written() -> None:
    held = load(unmanaged("unmanaged: [test.va*]")).ownership
    assert held == Ownership(None, ("test.va*",))
    assert held is not None
    assert held.leaves_out("test.vault")
    assert not held.leaves_out("test.shelf")
    assert load(unmanaged("unmanaged: test.vault")).ownership == Ownership(None, ("test.vault",))


UNMANAGED = {
    "unmanaged: [test.valt]": "there is no kind `test.valt`; did you mean `test.vault`",
    "unmanaged: ['aws.*']": "no kind matches `aws.*`",
    "unmanaged: []": "`unmanaged` is an empty list",
    "unmanged: [test.vault]": "did you mean `unmanaged`?",
    "{}": "`ownership` says nothing",
}


@pytest.mark.parametrize("text", UNMANAGED)
def test_what_is_wrong_in_what_no_code_manages_is_an_error_at_load(text: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(unmanaged(text))
    assert UNMANAGED[text] in caught.value.problem


MARKERS = {
    "{tag: managed-by, valeu: x, means: terraform}": "there is no key of a marker `valeu`; did you mean `value`?",
    "{tag: managed-by, value: x}": "a marker needs `means`; add it",
    "{means: terraform}": "a marker is a `tag` or a `name`; write one of the two",
    "{tag: a, name: b, means: terraform}": "a marker is a `tag` or a `name`; write one of the two",
    "{name: a, value: b, means: terraform}": "`value` is of a `tag`",
    "{name: '*', means: terraform}": "`name` cannot be `*`, which matches everything",
    "{tag: '**', means: terraform}": "`tag` cannot be `**`, which matches everything",
    "{tag: a, value: 1, means: terraform}": '`value` is a text; write `"1"` in quotes',
    "{tag: a, value: [], means: terraform}": "`value` is an empty list",
    "{tag: , means: terraform}": "`tag` is a single value",
    "{tag: a, means: ''}": "`means` is a single value",
    "{tag: a, means: '{x}'}": "a tool cannot be called `{x}`",
    "one": "a marker is a mapping",
}


@pytest.mark.parametrize("line", MARKERS)
def test_what_is_wrong_in_a_marker_is_an_error_at_load(line: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(with_markers("{tag: fine, means: terraform}", line))
    assert MARKERS[line] in caught.value.problem
    assert caught.value.line == 5


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("ownership: {}", "`ownership` says nothing"),
        ("ownership: {markers: []}", "`markers` is an empty list"),
        ("ownership: {markers: {}}", "`markers` is a list"),
        ("ownership: {marker: []}", "there is no key of `ownership` `marker`; did you mean `markers`?"),
        ("ownership: [terraform]", "`ownership` is a mapping"),
        ("owner: {}", "there is no key of the file `owner`; did you mean `ownership`?"),
    ],
)
def test_a_section_of_markers_that_says_nothing_is_an_error(section: str, said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(f"version: 2\n{section}\npolicies: []\n")
    assert said in caught.value.problem


GUARDED = """\
version: 2
guardrails:
  - name: not-these-accounts
    scope: {accounts: ["111122223333", "9*"]}
    at_most: leave
  - {name: production-asks, when: ["context.environment == 'production'"], at_most: ask, approvals: {needed: 2}}
  - {name: freeze, at_most: assist, until: 2026-12-07T08:00+01:00, controls: test.vault.*}
  - {name: organization, limits: {per_hour: 100}}
  - {name: nights, until: "2026-12-07", window: {hours: "22:00-04:00"}}
policies:
  - {name: all, controls: "*", mode: ask}
"""


def test_guardrails_are_read_as_they_are_written() -> None:
    first, second, third, fourth, fifth = load(GUARDED).guardrails
    assert (first.at_most, first.scope.accounts, first.controls) == (Mode.LEAVE, ("111122223333", "9*"), ("*",))
    assert (first.where, first.until, first.limits, first.approvals) == ("rules.yaml:3", None, None, None)
    assert [clause.text for clause in second.when] == ["context.environment == 'production'"]
    assert (second.at_most, second.approvals) == (Mode.ASK, Approvals(2))
    assert (third.controls, third.until) == (("test.vault.*",), datetime(2026, 12, 7, 7, tzinfo=UTC))
    assert (fourth.at_most, fourth.limits) == (Mode.AUTO, Limits(100, 100_000)), "the other side stays unbounded"
    assert (fifth.until, str(fifth.window)) == (
        datetime(2026, 12, 7, tzinfo=UTC), "mon, tue, wed, thu, fri, sat, sun 22:00-04:00 UTC",
    )  # fmt: skip


UNGUARDED = {
    "at_most: ask, scope: {accounts: ['1111']}": "`accounts` is never `1111`",
    "at_most: auto": "there is no cap `auto`; it is one of leave, assist, ask",
    "at_most: aks": "there is no cap `aks`; did you mean `ask`?",
    "scope: {kinds: test.vault}": "guardrail `g` caps nothing; add `at_most: ask`, or `approvals`, `limits`, `window`",
    "mode: ask": "there is no key of a guardrail `mode`",
    "at_most: ask, settings: {}": "there is no key of a guardrail `settings`",
    "at_most: ask, until: monday": "`until` cannot be `monday`; write a date or a time",
    "at_most: ask, until: 2026-13-07": "`until` cannot be `2026-13-07`",
    "at_most: ask, until: 20261207": "`until` cannot be `20261207`",
    "at_most: ask, when: []": "`when` is an empty list, and silence means no",
    "at_most: ask, when: [\"context.environment == 'prod'\"]": "did you mean `production`?",
    "at_most: ask, controls: test.valt.*": "no control matches `test.valt.*`",
    "limits: {}": "`limits` says nothing",
}


@pytest.mark.parametrize("line", UNGUARDED)
def test_what_is_wrong_in_a_guardrail_is_an_error_at_load(line: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(f"version: 2\nguardrails:\n- {{name: g, {line}}}\npolicies: []\n")
    assert UNGUARDED[line] in caught.value.problem
    assert caught.value.line == 3


def test_a_guardrail_and_a_policy_may_not_share_a_name() -> None:
    with pytest.raises(InvalidDocument, match=r"policy `freeze` is there already, at rules.yaml:7"):
        load(GUARDED.replace("name: all,", "name: freeze,"))


# Nothing that means nothing


MEANINGLESS = {
    "context.environment != 'prod'": "`context.environment` is never `prod`; did you mean `production`? it is one of",
    "'Dev' == context.environment": "`context.environment` is never `Dev`; did you mean `dev`?",
    "context.environment in ['dev', 'stage']": "is never `stage`; did you mean `staging`?",
    "!(context.environment in ['dev', 'qa'])": "is never `qa`; it is one of `dev`, `production`, `staging`",
    "context.environment == (context.serves_website ? 'dev' : 'prod')": "is never `prod`",
    "(context.serves_website ? context.environment : 'x') == 'prod'": "is never `prod`",
    "context.environment.startsWith('prd')": "no value of `context.environment` starts with `prd`",
    "context.environment.contains('live')": "no value of `context.environment` contains `live`",
    "[1, 2].exists(n, n == 1 && context.environment == 'prod')": "is never `prod`",
    "finding.severity == 'severe'": "`finding.severity` is never `severe`; it is one of `critical`, `high`, `low`",
    "finding.severity != 'HIGH'": "`finding.severity` is never `HIGH`; did you mean `high`?",
    "finding.control == 'test.vault.loked'": "is never `test.vault.loked`; did you mean `test.vault.locked`",
    "resource.kind == 'test.valt'": "`resource.kind` is never `test.valt`; did you mean `test.vault`",
    "resource.account == '1111'": "`resource.account` is never `1111`; an account id has 12 digits",
    "resource.account in ['111122223333', '2222']": "`resource.account` is never `2222`",
    "resource.region == 'europe'": "`resource.region` is never `europe`; a region has a name",
    "context.managed_by == 'terrafrom'": "`context.managed_by` is never `terrafrom`; did you mean `terraform`?",
}  # fmt: skip


@pytest.mark.parametrize("clause", MEANINGLESS)
def test_a_comparison_that_cannot_come_out_otherwise_is_an_error_at_load(clause: str) -> None:
    """The mutation: only `==` is looked at, or only the right-hand side, or not what a choice may come out as."""
    with pytest.raises(InvalidDocument) as caught:
        load(policy(f"mode: ask, when: [{json.dumps(clause)}]"))
    assert MEANINGLESS[clause] in caught.value.problem
    assert caught.value.line == 3


MEANINGFUL = (
    "context.environment != 'production' && resource.tags.team == 'prod'",
    "context.environment in ['dev', 'staging']",
    "context.environment.startsWith('prod')",
    "resource.tags.environment == 'prod'",
    "context.environment == resource.tags.environment",
    "resource.id == 'prod'",
    "finding.control.startsWith('test.')",
    "finding.severity in ['high', 'critical']",
    "resource.account == '111122223333' && resource.region == 'eu-1'",
    "resource.account.startsWith('1')",
    "context.managed_by in ['', 'terraform']",
)


@pytest.mark.parametrize("clause", MEANINGFUL)
def test_what_can_come_out_otherwise_is_taken(clause: str) -> None:
    assert load(policy(f"mode: ask, when: [{json.dumps(clause)}]")).policies[0].when[0].text == clause


def test_the_tools_that_markers_declare_are_values() -> None:
    """The mutation: a marker's own tool is refused, or one that nobody declares is taken."""
    text = with_markers("{tag: stack, means: in-house}").replace(
        "policies: []", "policies: [{name: p, controls: '*', mode: ask, when: [\"context.managed_by == 'in-house'\"]}]"
    )
    assert load(text).policies
    with pytest.raises(InvalidDocument, match="is never `in-house`"):
        load(text.replace("means: in-house", "means: inhouse"))


def test_every_closed_fact_of_aws_is_one_of_its_values() -> None:
    """`production` is what the fact says, whatever the tag; a clause that says `prod` cannot be loaded."""
    catalog = aws_catalog()
    assert {"environment", "data_class", "stack_drift", "managed_by", "managed_by_tag"} == set(catalog.fact_values)
    text = "version: 2\npolicies:\n- {name: p, controls: '*', mode: auto, when: [\"context.environment != 'prod'\"]}\n"
    with pytest.raises(InvalidDocument, match="did you mean `production`"):
        load_policies(text, "policy.yaml", catalog)


def test_an_answer_outside_the_closed_set_is_unknown() -> None:
    """Else a clause about it, which was checked against the set, would mean nothing again."""

    @fact("environment", VAULT, OneOf(("dev", "production")))
    def odd(*, around: Surroundings) -> Answer:
        """What it is used for."""
        return known("prod", "the tag says so")

    (told,) = gather(vault(), [odd], Surroundings(vault().ref, datetime(2026, 3, 2, tzinfo=UTC)))
    assert told.value == Unknown("the answer is not one of the values that environment can have; report this")


@given(st.text("1*2a-", min_size=1, max_size=16))
def test_a_pattern_is_refused_just_when_no_name_can_match_it(pattern: str) -> None:
    """Held against a name made of the pattern: each `*` filled up with digits."""
    short = pattern.replace("*", "")
    filled = pattern.replace("*", "3" * max(0, 12 - len(short)), 1).replace("*", "")
    assert DIGITS.may_match(pattern) is bool(re.fullmatch(r"\d{12}", filled))


def test_a_bomb_of_aliases_is_refused_before_it_is_built() -> None:
    rows = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(InvalidDocument, match="anchors and aliases"):
        load("\n".join(rows))


def test_the_line_is_that_of_the_mistake() -> None:
    text = FULL.replace("per_account: 7", "per_acount: 7")
    with pytest.raises(InvalidDocument) as caught:
        load(text)
    assert str(caught.value).startswith(
        "rules.yaml:12: there is no key of `limits` `per_acount`; did you mean `per_account`"
    )
    with pytest.raises(InvalidDocument, match=r"^rules.yaml:8: "):
        load(FULL.replace("context.environment", "context.enviroment"))
    with pytest.raises(InvalidDocument, match=r"^rules.yaml:10: there is no setting"):
        load(FULL.replace("turns: 3", "turn: 3"))


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("test.vault.loked", "there is no control `test.vault.loked`; did you mean `test.vault.locked`"),
        ("test.valt.*", "no control matches `test.valt.*`; see `goldseam controls`"),
        ("test.vault.locke?", "there is no control `test.vault.locke?`"),
    ],
)  # fmt: skip
def test_an_unknown_control_is_refused(pattern: str, problem: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(f"version: 2\npolicies:\n  - name: one\n    controls:\n      - '{pattern}'\n    mode: ask\n")
    assert problem in caught.value.problem
    assert caught.value.line == 5


def test_settings_must_fit_every_control_that_is_named() -> None:
    with pytest.raises(InvalidDocument, match=r"there is no setting of test\.shelf\.locked `turns`"):
        load('version: 2\npolicies: [{name: one, controls: "test.*", mode: ask, settings: {turns: 1}}]')


def test_two_policies_may_not_share_a_name() -> None:
    with pytest.raises(InvalidDocument, match=r"rules.yaml:14: policy `lock-vaults` is there already, at rules.yaml:3"):
        load(FULL.replace("leave-the-rest", "lock-vaults"))


def vault(account: str = "1", region: str = "eu-1", **facets: Value) -> Resource:
    return Resource(Ref("test.vault", account, region, "v", "v"), {"lock": "off", **facets})


@pytest.mark.parametrize(
    ("scope", "resource", "covered"),
    [
        (Scope(), vault(), True),
        (Scope(accounts=("1*",)), vault("12"), True),
        (Scope(accounts=("1*",)), vault("21"), False),
        (Scope(accounts=("1.3",)), vault("123"), False),
        (Scope(regions=("eu-*", "us-1")), vault(region="us-1"), True),
        (Scope(regions=("eu-*",)), vault(region="us-1"), False),
        (Scope(kinds=("test.s*",)), vault(), False),
        (Scope(tags={"team": ("web", "da*")}), vault(tags={"team": "data"}), True),
        (Scope(tags={"team": ("web",)}), vault(tags={"team": "Web"}), False),
        (Scope(tags={"team": ("web",)}), vault(tags={}), False),
        (Scope(tags={"team": ("web",)}), vault(tags=ABSENT), False),
        (Scope(tags={"team": ("web",)}), vault(tags=Unknown("access denied")), None),
        (Scope(tags={"team": ("web",)}), vault(), None),
        (Scope(tags={"team": ("web",)}, regions=("us",)), vault(), False),
    ],
)  # fmt: skip
def test_a_scope_covers_or_not_or_cannot_tell(scope: Scope, resource: Resource, covered: bool | None) -> None:
    assert scope.covers(resource, VAULT)[0] is covered


def test_what_cannot_be_tagged_has_no_tags() -> None:
    resource = Resource(Ref("test.shelf", "1", "eu-1", "s", "s"), {"lock": "off"})
    assert Scope(tags={"team": ("web",)}).covers(resource, SHELF) == (False, "there is no tag `team`")


def window(days: str, hours: str, zone: str = "UTC") -> Window:
    (found,) = load(policy(f"mode: ask, window: {{days: {days}, hours: '{hours}', zone: {zone}}}")).policies
    assert found.window is not None
    return found.window


@pytest.mark.parametrize(
    ("days", "hours", "zone", "now", "is_open"),
    [
        ("mon-fri", "09:00-17:00", "UTC", "2026-03-02T09:00", True),
        ("mon-fri", "09:00-17:00", "UTC", "2026-03-02T16:59", True),
        ("mon-fri", "09:00-17:00", "UTC", "2026-03-02T17:00", False),
        ("mon-fri", "09:00-17:00", "UTC", "2026-03-02T08:59", False),
        ("mon-fri", "09:00-17:00", "UTC", "2026-03-01T12:00", False),
        ("sat-mon", "09:00-17:00", "UTC", "2026-03-01T12:00", True),
        ("sat-mon", "09:00-17:00", "UTC", "2026-03-03T12:00", False),
        ("mon", "00:00-24:00", "UTC", "2026-03-02T23:59", True),
        ("fri", "22:00-04:00", "UTC", "2026-03-06T23:00", True),
        ("fri", "22:00-04:00", "UTC", "2026-03-07T03:59", True),
        ("fri", "22:00-04:00", "UTC", "2026-03-07T04:00", False),
        ("fri", "22:00-04:00", "UTC", "2026-03-06T03:00", False),
        ("fri", "22:00-04:00", "UTC", "2026-03-07T23:00", False),
        ("mon", "09:00-17:00", "Europe/Berlin", "2026-03-02T08:00", True),
        ("mon", "09:00-17:00", "Europe/Berlin", "2026-06-01T07:00", True),
        ("mon", "09:00-17:00", "Europe/Berlin", "2026-06-01T15:00", False),
        ("mon", "00:00-04:00", "Pacific/Auckland", "2026-03-01T12:00", True),
    ],
)  # fmt: skip
def test_a_window_opens_and_closes_by_its_own_clock(days: str, hours: str, zone: str, now: str, is_open: bool) -> None:
    assert window(days, hours, zone).open_at(datetime.fromisoformat(now).replace(tzinfo=UTC)) is is_open


def test_a_window_without_hours_or_zone_is_the_whole_day_in_utc() -> None:
    (found,) = load(policy("mode: ask, window: {days: sun}")).policies
    assert str(found.window) == "sun 00:00-24:00 UTC"


@given(st.text(max_size=60))
def test_no_text_at_all_ends_in_another_error(text: str) -> None:
    tail = indent(dedent(text), "    ")
    for whole in (text, f"version: 2\npolicies:\n  - name: one\n    mode: ask\n{tail}"):
        try:
            load(whole)
        except InvalidDocument:
            continue


def test_the_most_careful_of_nothing_is_leave() -> None:
    assert Mode.most_careful([]) is Mode.LEAVE
    assert Mode.most_careful([Mode.AUTO, Mode.ASSIST, Mode.ASK]) is Mode.ASSIST


PAGE = (Path(__file__).parents[1] / "docs" / "policies.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_of_the_page_load(text: str) -> None:
    assert load_policies(text, "docs/policies.md", aws_catalog()).policies


def test_the_page_has_every_fact_with_its_type_and_kinds() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", PAGE, re.MULTILINE)
    catalog = aws_catalog()
    names = {bool: "bool", int: "int", float: "double", str: "string", list: "list"}
    facts = sorted(catalog.fact_types.items())
    wanted = [(name, names[kind], _kinds(name, catalog)) for name, kind in facts]
    assert rows == wanted


def _kinds(name: str, catalog: Catalog) -> str:
    rules = [rule for rule in catalog.facts if rule.name == name]
    kinds = [f"`{kind}`" for kind in sorted(rule.kind.name for rule in rules if rule.kind)]
    whatever = [rule.reads[0] for rule in rules if rule.kind is None]
    return (
        "all with tags" if "tags" in whatever else ", ".join((*kinds, *(f"all with `{facet}`" for facet in whatever)))
    )


def test_the_page_has_every_lag() -> None:
    section = PAGE.partition("| source | lag | facts |")[2].partition("\n\n")[0]
    lagging = {rule.name for rule in aws_catalog().facts if rule.lag}
    assert lagging
    assert lagging <= set(re.findall(r"`(\w+)`", section))


def test_the_page_names_every_fact_with_a_closed_set_of_values() -> None:
    section = PAGE.partition("## Clauses")[2].partition("## Facts")[0]
    assert all(f"`{name}`" in section or f"context.{name} " in section for name in aws_catalog().fact_values)


def test_the_page_has_every_key_and_variable() -> None:
    keys = (
        "name",
        "controls",
        "mode",
        "when",
        "scope",
        "settings",
        "approvals",
        "limits",
        "window",
        "at_most",
        "until",
    )
    assert all(f"\n| `{key}` |" in PAGE for key in keys)
    assert all(f"`{name}`" in PAGE for name in ClauseEnvironment({}).types)
