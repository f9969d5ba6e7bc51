"""Policies are read strictly: what is not understood is an error with its line and the nearest right word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import (
    Answer,
    Catalog,
    Cidr,
    Facet,
    Kind,
    Severity,
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


@fact("environment", VAULT, str)
def environment(*, around: Surroundings) -> Answer:
    """What it is used for."""
    return known("dev", "the tag says so")


@fact("serves_website", VAULT, bool)
def serves_website(*, around: Surroundings) -> Answer:
    """It serves a website."""
    return known(False, "there is none")


CATALOG = Catalog((VAULT, SHELF), (locked, shelf_locked), (environment, serves_website))

FULL = """\
version: 1
policies:
  - name: lock-vaults
    controls: ["test.vault.*"]
    scope: {accounts: [012345670123, "9*"], regions: eu-*, kinds: [test.vault], tags: {team: [web, data], tier: 1}}
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
    return f"version: 1\npolicies:\n{head}, {', '.join(lines)}}}\n"


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
    "mode: ask, settings: {turns: 2024-13-45}": "is not a value",
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
    "- version: 1\n": "the file is a mapping",
    "policies: []\n": "the file needs `version`; add it",
    "version: 1\n": "the file needs `policies`; add it",
    "version: 2\npolicies: []\n": "`version` cannot be `2`; write a whole number from 1 to 1",
    "version: '1'\npolicies: []\n": "`version` cannot be `1`",
    "version: 1\npolicies: {}\n": "`policies` is a list",
    "version: 1\npolicies:\n": "`policies` is a list",
    "version: 1\npolices: []\n": "there is no key of the file `polices`; did you mean `policies`?",
    "version: 1\npolicies: [{}]\n": "a policy needs `name`; add it",
    "version: 1\npolicies: [one]\n": "a policy is a mapping",
    "version: 1\npolicies: [\n": "this is not YAML",
    "version: 1\n\tpolicies: []\n": "this is not YAML",
    "version: 1\npolicies: []\n---\nversion: 1\n": "several documents",
    "version: &a 1\npolicies: []\n": "anchors and aliases are not allowed",
    "version: 1\npolicies: *a\n": "anchors and aliases are not allowed",
    "version: !!python/name:os.system 1\npolicies: []\n": "the tag `tag:yaml.org,2002:python/name:os.system`",
    "version: !!int '1'\npolicies: []\n": "the tag `tag:yaml.org,2002:int` is not allowed",
    "version: 1\npolicies: " + "[" * 5000: "nests more than 12 deep",
    "version: 1\npolicies: []\n" + "#" * LARGEST: "the file is larger than 256 KiB; split it",
    "version: 1\npolicies: []\x00\n": "characters that YAML does not allow",
    "version: 1\npolicies: []\ud800\n": "characters that YAML does not allow",
    "? [1]\n: 2\n": "a key of the file is a single value",
}  # fmt: skip


@pytest.mark.parametrize("text", TOP, ids=range(len(TOP)))
def test_a_file_that_is_no_policy_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load(text)
    assert TOP[text] in caught.value.problem


def with_markers(*lines: str) -> str:
    return "version: 1\nownership:\n  markers:\n" + "".join(f"  - {line}\n" for line in lines) + "policies: []\n"


def test_markers_are_read_as_they_are_written() -> None:
    text = with_markers(
        "{tag: managed-by, value: 'terraform*', means: terraform}", "{tag: stack, value: [a, 1], means: in-house}",
        "{tag: stack, means: in-house}", "{name: 'tf-*', means: terraform}",
    )  # fmt: skip
    assert load(text).ownership == Ownership(
        (TagMarker("managed-by", ("terraform*",), "terraform"), TagMarker("stack", ("a", "1"), "in-house"),
         TagMarker("stack", ("*",), "in-house"), NameMarker("tf-*", "terraform"))
    )  # fmt: skip
    assert load("version: 1\npolicies: []\n").ownership is None


def unmanaged(text: str) -> str:
    return f"version: 1\nownership:\n  {text}\npolicies: []\n"


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
        load(f"version: 1\n{section}\npolicies: []\n")
    assert said in caught.value.problem


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
        load(f"version: 1\npolicies:\n  - name: one\n    controls:\n      - '{pattern}'\n    mode: ask\n")
    assert problem in caught.value.problem
    assert caught.value.line == 5


def test_settings_must_fit_every_control_that_is_named() -> None:
    with pytest.raises(InvalidDocument, match=r"there is no setting of test\.shelf\.locked `turns`"):
        load('version: 1\npolicies: [{name: one, controls: "test.*", mode: ask, settings: {turns: 1}}]')


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
    for whole in (text, f"version: 1\npolicies:\n  - name: one\n    mode: ask\n{tail}"):
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


def test_the_page_has_every_key_and_variable() -> None:
    keys = ("name", "controls", "mode", "when", "scope", "settings", "approvals", "limits", "window")
    assert all(f"\n| `{key}` |" in PAGE for key in keys)
    assert all(f"`{name}`" in PAGE for name in ClauseEnvironment({}).types)
