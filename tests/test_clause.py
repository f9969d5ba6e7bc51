"""Clauses: checked when compiled, three-valued when asked, and unknown whenever anything goes wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.decide.clause import DEEPEST, LONGEST, ClauseEnvironment
from goldseam.decide.expression import Expression, read_expression
from goldseam.model.errors import UnknownName, UsageError

ENVIRONMENT = ClauseEnvironment(
    {"website": bool, "attached": bool, "environment": str, "days": int, "ratio": float, "owners": list}
)
A, B = "context.website", "context.attached"

KLEENE: Mapping[str, Callable[[bool | None, bool | None], bool | None]] = {
    f"{A} && {B}": lambda a, b: False if False in (a, b) else None if None in (a, b) else True,
    f"{A} || {B}": lambda a, b: True if True in (a, b) else None if None in (a, b) else False,
    f"!{A}": lambda a, b: None if a is None else not a,
    f"{A} == {B}": lambda a, b: None if None in (a, b) else a == b,
}
truths = st.sampled_from([True, False, None])


@given(text=st.sampled_from(sorted(KLEENE)), a=truths, b=truths)
def test_three_values_are_reckoned_as_kleene_does(text: str, a: bool | None, b: bool | None) -> None:
    values = {name: value for name, value in ((A, a), (B, b)) if value is not None}
    assert ENVIRONMENT.compile(text).truth(values) is KLEENE[text](a, b)


@given(left=st.sampled_from(sorted(KLEENE)), right=st.sampled_from(sorted(KLEENE)), a=truths, b=truths, c=truths)
def test_three_values_nest(left: str, right: str, a: bool | None, b: bool | None, c: bool | None) -> None:
    whole = ENVIRONMENT.compile(f"({left}) && !({right.replace(B, '(context.days == 1)')})")
    one, two = KLEENE[left](a, b), KLEENE[right](a, c)
    days = None if c is None else int(c)
    values = {k: v for k, v in ((A, a), (B, b), ("context.days", days)) if v is not None}
    negated = None if two is None else not two
    assert whole.truth(values) is KLEENE[f"{A} && {B}"](one, negated)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (A, {}),
        (A, {A: None}),
        (A, {A: 1}),
        (A, {A: "true"}),
        ("context.days > 3", {"context.days": True}),
        ("context.days > 3", {"context.days": 4.0}),
        ("context.days > 3", {"context.days": 2**80}),
        ("context.environment == 'dev'", {"context.environment": 7}),
        ("context.environment == 'dev'", {"context.environment": "\ud800"}),
        ("'web' in context.owners", {"context.owners": ["web", 1]}),
        ("'web' in context.owners", {"context.owners": "web"}),
        ("resource.tags.team == 'web'", {"resource.tags": {}}),
        ("resource.tags.team == 'web'", {"resource.tags": {"team": None}}),
        ("1 / (context.days - 1) == 1", {"context.days": 1}),
        ("'a'.matches('(')", {}),
        ("has(resource.tags.team)", {}),
    ],
)  # fmt: skip
def test_every_error_is_unknown(text: str, values: dict[str, object]) -> None:
    assert ENVIRONMENT.compile(text).truth(values) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("context.environment in ['dev', 'staging']", {"context.environment": "dev"}),
        ("context.days > 3", {"context.days": 4}),
        ("context.ratio > 1.5", {"context.ratio": 2}),
        ("'web' in context.owners", {"context.owners": ("web", "data")}),
        ("resource.tags.team == 'web'", {"resource.tags": MappingProxyType({"team": "web"})}),
        ("!('team' in resource.tags)", {"resource.tags": {}}),
        ("finding.severity == 'high' && resource.region.startsWith('eu-')",
         {"finding.severity": "high", "resource.region": "eu-west-1"}),
        ("precedent.approved >= 3", {"precedent.approved": 3}),
    ],
)  # fmt: skip
def test_what_holds_is_true(text: str, values: dict[str, object]) -> None:
    assert ENVIRONMENT.compile(text).truth(values) is True


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("!context.webside", "there is no fact `webside`; did you mean `website`?"),
        ("!website", "facts are written with `context.`; write `context.website`"),
        ("context", "`context` alone means nothing in a clause; write `context.` and a name"),
        ("finding.severty == 'low'", "no variable or function `finding.severty`; did you mean `finding.severity`"),
        ("context.days > 'x'", "clause `context.days > 'x'`: `>` cannot take int, string; compare values of one type"),
        ("context.website == 'true'", "`==` cannot take bool, string"),
        ("'x' in context.environment", "`in` cannot take string, string"),
        ("context.environment", "clause `context.environment` gives string, not true or false"),
        ("dyn(context.website)", "gives dyn, not true or false"),
        ("not context.website", "it is not CEL from character 5 on; write for example `!context.website`"),
        ("context.website && ", "it is not CEL from character"),
        ("", "it is not CEL from character 1 on"),
        ("context.website == null", "`==` cannot take bool, null_type"),
        ("\ud800", "a clause is Unicode text"),
    ],
)  # fmt: skip
def test_a_wrong_clause_is_refused_with_what_to_write(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        ENVIRONMENT.compile(text)
    assert problem in str(caught.value)


def test_the_nearest_fact_is_offered_as_data() -> None:
    with pytest.raises(UnknownName) as caught:
        ENVIRONMENT.compile("context.environmnt == 'dev'")
    assert caught.value.nearest == ("environment",)


def test_length_and_depth_are_bounded() -> None:
    ENVIRONMENT.compile("(" * DEEPEST + "true" + ")" * DEEPEST)
    with pytest.raises(UsageError, match=f"at most {DEEPEST} deep"):
        ENVIRONMENT.compile("(" * (DEEPEST + 1) + "true" + ")" * (DEEPEST + 1))
    with pytest.raises(UsageError, match=f"at most {DEEPEST} deep"):
        ENVIRONMENT.compile("[" * 400 + "]" * 400 + " == []")
    ENVIRONMENT.compile("true" + " " * (LONGEST - 4))
    with pytest.raises(UsageError, match=f"at most {LONGEST} characters"):
        ENVIRONMENT.compile("true" + " " * (LONGEST - 3))


@pytest.mark.parametrize("text", ["!" * 996 + "true", "-" * 994 + "1 == 1", "x" + ".y" * 490 + "==1", "'x'" * 300])
def test_what_is_long_and_odd_is_answered_or_refused(text: str) -> None:
    try:
        shown = str(ENVIRONMENT.compile(text).truth({}))
    except UsageError as error:
        shown = str(error)
    assert len(shown) < 300


def test_a_bomb_of_nested_loops_is_unknown() -> None:
    numbers = "[" + ",".join("0" * 30) + "]"
    text = "true"
    for name in "abcdef":
        text = f"{numbers}.all({name},{text})"
    assert ENVIRONMENT.compile(text).truth({}) is None


def test_a_bracket_in_a_text_or_a_comment_is_no_nesting() -> None:
    assert ENVIRONMENT.compile("context.environment != '" + "(" * 50 + "'").truth({"context.environment": "a"}) is True
    assert ENVIRONMENT.compile("true // " + "(" * 50).truth({}) is True


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("!context.website && context.days > 3 && context.days < 9", ("context.website", "context.days")),
        ("context.environment == 'context.website'", ("context.environment",)),
        ('context.environment == "it\\"s context.website"', ("context.environment",)),
        ("r'\\d context.days'.size() > 0 || context . website", ("context.website",)),
        ("context.website // or context.attached", ("context.website",)),
        ("context // the fact\n .website", ("context.website",)),
        ("resource.tags.team == 'a'", ("resource.tags",)),
        ("true", ()),
    ],
)  # fmt: skip
def test_a_clause_knows_what_it_mentions(text: str, mentions: tuple[str, ...]) -> None:
    assert ENVIRONMENT.compile(text).mentions == mentions


def test_only_facts_are_facts() -> None:
    assert ENVIRONMENT.compile("context.website || finding.severity == 'low'").facts == ("website",)


@given(st.text(alphabet="context.website()[]{}!&|'\"\\/=<>0123 \n?:r", max_size=40))
def test_no_text_at_all_ends_in_another_error(text: str) -> None:
    try:
        answer = ENVIRONMENT.compile(text).truth({A: True})
    except UsageError:
        return
    assert answer in (True, False, None)


def expression(text: str) -> Expression:
    return read_expression(ENVIRONMENT.compile(text).program.serialize())


def test_a_compiled_clause_is_read_as_a_tree() -> None:
    site, dev = Expression("variable", A), Expression("text", "dev")
    name = Expression("variable", "context.environment")
    assert expression(f"{A} && context.environment == 'dev'") == Expression(
        "call", "_&&_", (site, Expression("call", "_==_", (name, dev)))
    )
    assert expression("context.environment.startsWith('dev')") == Expression("call", "startsWith", (name, dev))
    assert expression("context.environment in ['dev']") == Expression(
        "call", "@in", (name, Expression("list", parts=(dev,)))
    )
    inside = [part.name for part in expression("[1].exists(n, n == 1 && context.environment == 'dev')").walk()]
    assert {"context.environment", "dev"} <= set(inside)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_expression_are_refused_in_one_way(written: bytes) -> None:
    for cut in (written, b"\x12" + bytes([len(written)]) + written):
        try:
            read_expression(cut)
        except ValueError:
            continue


def test_a_long_chain_is_read() -> None:
    """The compiler balances what is joined, so the tree is never deep."""
    assert ENVIRONMENT.compile(" || ".join([A] * 50)).mentions == (A,)


def test_the_engine_is_loaded_only_when_a_clause_needs_it() -> None:
    loaded = "goldseam.decide.clause, goldseam.decide.policy, goldseam.decide"
    script = f"import sys, {loaded}; print('cel_expr_python' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
