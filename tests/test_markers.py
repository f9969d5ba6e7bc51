"""Our own markers are no user's: `ABSENT` and `Unknown` cannot be said by any document, and old digests stand."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from goldseam.assess.evaluate import Finding, Status
from goldseam.audit.chain import START, entry_hash
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import (
    ABSENT,
    Unknown,
    canonical,
    canonical_document,
    difference,
    digest,
    document_digest,
    indented_document,
    plain,
    restored,
    same,
)

SOURCE = Path(__file__).parents[1] / "src" / "goldseam"
KEYS = st.sampled_from(["$goldseam", "$$goldseam", "$$$goldseam", "$goldseamen", "goldseam", "reason", "-", "+", "a"])
TEXTS = st.sampled_from(["absent", "unknown", "$goldseam", '"$goldseam" :', '{"$goldseam":"absent"}', "\u202e", "\0"])
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS | st.text(max_size=4)
OBJECTS = st.dictionaries(KEYS | st.text(max_size=3), LEAVES, max_size=3)
DOCUMENTS = st.recursive(
    LEAVES | OBJECTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
VALUES = st.recursive(
    DOCUMENTS | st.just(ABSENT) | st.builds(Unknown, TEXTS | st.text(max_size=4)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=2).map(MappingProxyType)
    ),
    max_leaves=6,
)  # fmt: skip
MARKERS = [{"$goldseam": "absent"}, {"$goldseam": "unknown", "reason": "denied"}, {"$goldseam": "unknown"}]
RECORDED = {
    "absent": (ABSENT, "5595a9435f614f0184b2b14cfcffc5f21d68161b31e8515ccb27d58d87d5821c"),
    "a facet": (
        {"a": ABSENT, "b": Unknown("denied"), "c": [ABSENT, 1.5, None, "é\u202e", 2**64 - 1, -0.0]},
        "94ca0bc1c13f779af37505af2cf917f4e0f6c4f71dc9e3071fb89c0e1fb9fcd0",
    ),
    "a policy": (
        {"Statement": [{"Effect": "Allow", "Principal": "*"}], "Version": "2012-10-17"},
        "1b5a27e41c0f11e2f65608599bdd42b21c7f3fae39728ad99456c5cc59521573",
    ),
}
"""Digests as they were before keys were escaped."""


@given(VALUES)
@example({"$goldseam": "absent"})
@example({"a": ABSENT, "b": {"$goldseam": "absent"}})
@example({"a": ABSENT, "b": '"$goldseam" :'})
@example([Unknown('"$goldseam" :"absent"')])
def test_a_values_canonical_json_is_that_of_its_plain_form(value: object) -> None:
    assert canonical(value) == orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS)
    assert canonical(value) == canonical_document(plain(value))
    assert digest(value) == document_digest(plain(value))


@given(DOCUMENTS)
def test_a_document_is_restored_as_it_was_whatever_words_of_ours_it_holds(document: object) -> None:
    assert restored(plain(document)) == document
    assert restored(orjson.loads(canonical(document))) == document
    assert restored(orjson.loads(canonical({"facet": [document]}))) == {"facet": [document]}


@given(DOCUMENTS, VALUES)
def test_no_document_equals_absence_or_an_unknown_or_what_holds_them(document: object, value: object) -> None:
    assert not same(document, ABSENT)
    assert not same(document, Unknown("denied"))
    assert not same({"a": document}, {"a": ABSENT})
    assert same(document, value) == (canonical(document) == canonical(value)) == _equal(document, value)


def _equal(one: Any, other: Any) -> bool:
    """Equality that tells `1` from `True` and `1.0`, as JSON does."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("document", MARKERS, ids=repr)
def test_a_users_marker_is_a_document_in_a_resource_and_in_a_finding(document: Mapping[str, Any]) -> None:
    ref = Ref("toy.house", "acc", "here", "h1", "toy:h1")
    resource = Resource(ref, {"doors": document, "lamp": ABSENT, "seal": Unknown("denied")})
    again = Resource.from_json(orjson.loads(canonical_document(resource.to_json())))
    assert again.facets == {"doors": document, "lamp": ABSENT, "seal": Unknown("denied")}
    finding = Finding("f-1", "toy", ref, Status.FAIL, "x", {"doors": [document], "lamp": ABSENT})
    assert Finding.from_json(orjson.loads(canonical_document(finding.to_json()))) == finding


@pytest.mark.parametrize("document", [{"$goldseam": "abs"}, {"$goldseam": "absent", "a": 1}, {"$goldseam": "unknown"}])
def test_a_marker_that_nobody_wrote_is_refused(document: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="none of the markers"):
        restored([document])


@given(DOCUMENTS)
def test_ordinary_documents_have_the_digests_that_they_always_had(document: object) -> None:
    """As this program wrote them before keys were escaped: JSON with sorted keys and no white space."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if "$goldseam" not in text:
        assert digest(document) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("value", "digested"), RECORDED.values(), ids=RECORDED)
def test_recorded_digests_stand(value: object, digested: str) -> None:
    assert digest(value) == document_digest(plain(value)) == digested


def test_the_recorded_hash_of_a_ledger_entry_stands() -> None:
    body = {"plan": "p-1", "facets": plain({"policy": ABSENT, "b": Unknown("denied")})}
    hashed = entry_hash(7, "2026-01-31T00:00:00+00:00", "before", body, START)
    assert hashed == "52c186e8dc825f822ba9b46d4f6414889eb574fc9c60ec26ace068b924b9585d"


def test_a_recorded_difference_stands() -> None:
    offence = difference({"a": [1], "b": 1}, {"a": [2]})
    assert offence == {"a": {"-": [1], "+": [2]}, "b": {"-": 1, "+": {"$goldseam": "absent"}}}
    assert document_digest(offence) == "c4737da5c320f0a100285e87f6d5da433f362f533f57609b2415ec7df18834a5"


@given(DOCUMENTS | st.just(ABSENT), DOCUMENTS | st.just(ABSENT))
def test_the_way_back_can_be_told_from_a_difference(before: Any, after: Any) -> None:
    """So a difference is not ambiguous, whatever keys are called: with one side it gives the other, up to order."""
    assert canonical(_bags(_applied(before, difference(before, after)))) == canonical(_bags(plain(after)))


def _applied(before: Any, parts: Any) -> Any:
    """The plain form of what a value becomes by a difference."""
    if not parts:
        return plain(before)
    if isinstance(before, Mapping) and not _is_leaf(parts):
        keys = {*before, *parts}
        made = {key: _applied(before.get(key, ABSENT), parts.get(key, {})) for key in keys}
        return plain({key: restored(item) for key, item in made.items() if item != plain(ABSENT)})
    if isinstance(before, list) and isinstance(parts["+"], list) and isinstance(parts["-"], list):
        left = [canonical_document(plain(item)) for item in before]
        for item in parts["-"]:
            left.remove(canonical_document(item))
        return [*map(orjson.loads, left), *parts["+"]]
    assert canonical_document(parts["-"]) == canonical(before)
    return parts["+"]


def _is_leaf(parts: Mapping[str, Any]) -> bool:
    """Of an object's difference: it is replaced by something that is no object, and not changed member by member."""
    after = parts.get("+")
    return parts.keys() == {"-", "+"} and (not isinstance(after, Mapping) or isinstance(after.get("$goldseam"), str))


def _bags(document: Any) -> Any:
    """A plain document with every list in canonical order."""
    if isinstance(document, Mapping):
        return {key: _bags(item) for key, item in document.items()}
    if isinstance(document, (list, tuple)):
        return sorted(map(_bags, document), key=canonical_document)
    return document


def test_documents_are_written_without_escapes_and_over_lines() -> None:
    document = {"facets": plain({"a": ABSENT, "b": {"$goldseam": "absent"}})}
    assert orjson.loads(indented_document(document)) == orjson.loads(canonical_document(document)) == document


def test_what_is_plain_json_already_is_never_serialized_as_a_value() -> None:
    """It would be escaped twice: `canonical` and its kin are for values, `canonical_document` for documents."""
    wrong = [f"{path.relative_to(SOURCE)}:{line}" for path in sorted(SOURCE.rglob("*.py")) for line in _confused(path)]
    assert not wrong


def _confused(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in {"canonical", "digest", "plain"} and any(map(_is_plain, node.args)):
            yield node.lineno


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression holds what `to_json`, `plain` or a ledger entry's body gives."""
    return any(
        (isinstance(inner, ast.Attribute) and inner.attr in {"to_json", "body", "_content"})
        or (isinstance(inner, ast.Name) and inner.id in {"plain", "body"})
        for inner in ast.walk(node)
    )
