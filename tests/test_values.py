"""Values: canonical JSON, absence, the difference between two states."""

from __future__ import annotations

import pickle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.model.values import (
    ABSENT,
    Placeholder,
    Unknown,
    canonical,
    canonical_document,
    difference,
    differs,
    digest,
    plain,
    restored,
    same,
)
from goldseam.ports import Secret

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_value_survives_being_written_down(value: object) -> None:
    assert restored(plain(value)) == value


def test_absent_unknown_and_placeholders_survive_being_written_down() -> None:
    state = {"a": ABSENT, "b": Unknown("denied"), "c": [ABSENT, Placeholder("config", "ETag")]}
    again: Any = restored(orjson.loads(canonical(state)))
    assert again["a"] is ABSENT
    assert again["b"] == Unknown("denied")
    assert again["c"][0] is ABSENT
    assert again["c"][1] == Placeholder("config", "ETag")
    assert canonical(state) == canonical_document(plain(state))


@pytest.mark.parametrize("lost", ["facet", "name"])
def test_a_placeholder_is_read_only_whole(lost: str) -> None:
    whole = plain(Placeholder("config", "ETag"))
    for odd in ({**whole, "more": 1}, {**whole, lost: 7}, {key: it for key, it in whole.items() if key != lost}):
        with pytest.raises(ValueError, match="none of the markers"):
            restored(odd)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_canonical_json_does_not_depend_on_the_order_of_keys(document: dict[str, object]) -> None:
    turned = dict(reversed(document.items()))
    assert canonical(document) == canonical(turned)
    assert digest(document) == digest(turned)


@given(JSON, JSON)
def test_only_equal_values_have_no_difference(left: object, right: object) -> None:
    assert (difference(left, right) == {}) == same_as_bags(left, right)


def same_as_bags(left: object, right: object) -> bool:
    """Equal up to the order of lists, at the level where `difference` compares."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_as_bags(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return sorted(map(canonical, left)) == sorted(map(canonical, right))
    return same(left, right)


def test_the_difference_of_lists_is_what_goes_and_what_comes() -> None:
    before = {"rules": [{"port": 22}, {"port": 80}]}
    after = {"rules": [{"port": 80}, {"port": 443}]}
    assert difference(before, after) == {"rules": {"-": [{"port": 22}], "+": [{"port": 443}]}}


def test_an_unknown_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError):
        bool(Unknown("denied"))


def test_absent_is_false_and_alone() -> None:
    assert not ABSENT
    assert repr(ABSENT) == "ABSENT"


def test_a_secret_is_not_shown_or_pickled() -> None:
    secret = Secret(access_key="AKIAEXAMPLE", secret_key="canary")
    assert "canary" not in repr(secret)
    assert "canary" not in str([secret])
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal()["secret_key"] == "canary"


@given(JSON, JSON)
def test_states_differ_exactly_when_there_is_a_difference(one: object, other: object) -> None:
    pairs = [(one, other), (one, one), ([one, other], [other, one]), ({"a": [one]}, {"a": [one], "b": other})]
    for before, after in pairs:
        assert differs(before, after) is bool(difference(before, after))


def test_the_order_of_a_bag_is_no_difference() -> None:
    assert not differs({"a": [1, [2]], "b": ABSENT}, {"a": [[2], 1]})
    assert differs([1, 1, 2], [1, 2, 2])
