"""Sensitive members: where they are declared, how they are masked, and how they are found in other texts."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.control import EVERYTHING, MASKED, Mask, Secrets, masked
from goldseam.model.values import ABSENT, Json, Placeholder, Unknown, Value, same

ONE, OTHER = Mask(b"k" * 16), Mask(b"l" * 16)


@dataclass(frozen=True)
class Declared:
    sensitive: tuple[str, ...] = ()


def leaves(node: Json) -> list[Json]:
    if isinstance(node, dict):
        return [leaf for item in node.values() for leaf in leaves(item)]
    return [leaf for item in node for leaf in leaves(item)] if isinstance(node, list) else [node]


CASES: dict[str, tuple[tuple[str, ...], Json, Json]] = {
    "a member": (("a",), {"a": "x", "b": "y"}, {"a": "*", "b": "y"}),
    "a member of a member": (("a.b",), {"a": {"b": "x", "c": "y"}}, {"a": {"b": "*", "c": "y"}}),
    "every member": (("a.*",), {"a": {"b": "x", "c": "y"}, "d": "z"}, {"a": {"b": "*", "c": "*"}, "d": "z"}),
    "every item": (("[].v",), [{"v": "x", "n": "y"}], [{"v": "*", "n": "y"}]),
    "a list that is not named": (("a.v",), {"a": [{"v": "x"}]}, {"a": [{"v": "*"}]}),
    "a single item instead of a list": (("a.[].v",), {"a": {"v": "x"}}, {"a": {"v": "*"}}),
    "names in any case": (("A.SecretKey",), {"a": {"secretkey": "x"}}, {"a": {"secretkey": "*"}}),
    "all that is below": (("a",), {"a": {"b": ["x", {"c": "y"}]}}, {"a": {"b": ["*", {"c": "*"}]}}),
    "the whole value": (EVERYTHING, "x", "*"),
    "two paths into one member": (("a.b", "a.*"), {"a": {"b": "x", "c": "y"}}, {"a": {"b": "*", "c": "*"}}),
    "what holds nothing": (("a",), {"a": ["", None, True]}, {"a": ["", None, True]}),
    "numbers": (("a",), {"a": 1234}, {"a": "*"}),
    "another member": (("b",), {"a": "x"}, {"a": "x"}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_path_leads_to_is_masked_and_nothing_else(name: str) -> None:
    paths, value, wanted = CASES[name]
    text = json.dumps(masked(value, Declared(paths), ONE))
    assert json.loads(MASKED.sub("*", text)) == wanted


def test_a_policy_that_is_held_as_text_is_masked_inside_and_stays_json() -> None:
    inner = json.dumps({"Statement": {"Condition": {"StringEquals": {"sts:ExternalId": ["x", "y"]}}, "Sid": "s"}})
    shown = masked({"a": inner}, Declared(("a.Statement.[].Condition.*.sts:ExternalId",)), ONE)
    assert isinstance(shown, dict)
    found = json.loads(shown["a"])
    assert found["Statement"]["Sid"] == "s"
    assert all(MASKED.fullmatch(item) for item in found["Statement"]["Condition"]["StringEquals"]["sts:ExternalId"])


@pytest.mark.parametrize("value", [ABSENT, Unknown("no right")])
def test_what_is_no_value_stays_as_it_is(value: Value | Unknown) -> None:
    assert masked(value, Declared(EVERYTHING), ONE) is value


def test_a_placeholder_holds_no_secret_and_stays_readable() -> None:
    value = {"HeaderValue": Placeholder("config", "origin/X-Key")}
    assert masked(value, Declared(("HeaderValue",)), ONE) == value


def test_a_mask_tells_equal_values_from_others_under_one_key_only() -> None:
    assert ONE.of("hunter2") == ONE.of("hunter2")
    assert ONE.of("hunter2") != ONE.of("hunter3")
    assert ONE.of("hunter2") != OTHER.of("hunter2")
    assert Mask().of("hunter2") == Mask().of("hunter3") == "(sensitive, 7 characters)"
    assert "k" * 16 not in repr(ONE)


def secrets(*values: str, said: tuple[str, ...] = ()) -> Secrets:
    return Secrets(frozenset(values), frozenset(said), ONE)


QUOTED = 'say "hello"\nto ünïcode'


@pytest.mark.parametrize(
    "text",
    [
        f"no call brings it to {QUOTED}",
        json.dumps({"a": QUOTED}),
        json.dumps({"a": QUOTED}, ensure_ascii=False),
        repr({"a": QUOTED}),
        f"data {base64.b64encode(QUOTED.encode()).decode()} was sent",
        f"prefix{QUOTED}suffix",
        repr({"a": json.dumps({"b": json.dumps(QUOTED)})}),
        quote(f"https://host/?a={QUOTED}", safe=""),
    ],
)
def test_a_secret_is_found_in_a_text_however_it_is_written(text: str) -> None:
    shown = secrets(QUOTED).text(text)
    assert MASKED.search(shown)
    assert "hello" not in shown
    assert base64.b64encode(QUOTED.encode()).decode() not in shown


def test_a_short_secret_is_found_as_a_word_and_not_inside_one() -> None:
    shown = secrets("prod", "7x").text("prod is not product, and 7x is too short to be looked for")
    assert MASKED.sub("*", shown) == "* is not product, and 7x is too short to be looked for"


def test_the_longest_secret_is_masked_first() -> None:
    shown = secrets("password", "password-of-ann").text("password-of-ann, password")
    assert MASKED.sub("*", shown) == "*, *"


def test_a_mask_is_not_masked_again() -> None:
    hidden = secrets("sensitive", "characters", "long-enough")
    shown = hidden.text("long-enough")
    assert hidden.text(shown) == shown


def test_a_secret_is_masked_where_it_occurs_in_parameters_and_the_rest_stays_usable() -> None:
    hidden = secrets("tiger-tiger", "7x")
    shown = hidden.document(
        {
            "Name": "orders",
            "Value": "tiger-tiger",
            "Short": "7x",
            "Text": json.dumps({"deep": {"k": "tiger-tiger", "n": 1}}),
            "Address": "https://host/?token=tiger-tiger",
        }
    )
    assert shown["Name"] == "orders"
    assert shown["Value"] == ONE.of("tiger-tiger")
    assert shown["Short"] == ONE.of("7x")
    assert json.loads(shown["Text"]) == {"deep": {"k": ONE.of("tiger-tiger"), "n": 1}}
    assert shown["Address"] == f"https://host/?token={ONE.of('tiger-tiger')}"


def test_what_the_resource_says_openly_is_not_hidden_elsewhere() -> None:
    facets = [(Declared(("env.*",)), {"env": {"A": "eu-west-1", "B": "tiger-tiger"}, "region": "eu-west-1"})]
    hidden = Secrets.of(facets, ONE)
    assert hidden.hidden == {"tiger-tiger"}
    assert hidden.text("in eu-west-1") == "in eu-west-1"


JSONS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=12,
)
PATHS = st.lists(st.lists(st.sampled_from(["a", "b", "*", "[]"]), min_size=1, max_size=3).map(".".join), max_size=3)


@given(JSONS, PATHS)
def test_masking_keeps_the_form_and_masking_twice_changes_nothing_more(value: Json, paths: list[str]) -> None:
    once = masked(value, Declared(tuple(paths)), ONE)
    assert len(leaves(once)) == len(leaves(value))
    assert type(once) is type(value) or isinstance(once, str)
    again = masked(once, Declared(tuple(paths)), ONE)
    assert re.sub(MASKED, "*", json.dumps(again)) == re.sub(MASKED, "*", json.dumps(once))
    if not paths:
        assert same(once, value)


@given(st.text(min_size=3, max_size=12), st.text(max_size=10), st.text(max_size=10))
def test_no_text_keeps_a_secret_that_stands_alone_in_it(secret: str, left: str, right: str) -> None:
    text = f"{left} {secret} {right}"
    shown = secrets(secret).text(text)
    assert f" {secret} " not in MASKED.sub("", shown) or f" {secret} " in f"{left} {right}" or MASKED.search(secret)
