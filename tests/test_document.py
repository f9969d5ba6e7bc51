"""The strict reader of YAML refuses odd documents before anything is built of them, whoever asks it and however."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldseam.model.document import LARGEST, parsed, read_document
from goldseam.model.errors import InvalidDocument

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

ODD = {
    "an alias": "one: &a [x]\ntwo: *a\n",
    "an anchor that nothing uses": "one: &a x\n",
    "an anchor on a key": "&a one: x\n",
    "aliases that grow": BOMB,
    "a document that holds itself": "one: &a [*a]\n",
    "a merge key with an alias": "base: &b {x: 1}\none: {<<: *b}\n",
    "a merge key without one": "<<: {one: x}\n",
    "a merge key among free names": "one: {<<: {two: x}}\n",
    "a tag of Python": "one: !!python/object/apply:os.system ['true']\n",
    "a tag of YAML": "one: !!str x\n",
    "a binary": "one: !!binary aGVsbG8=\n",
    "a set": "one: !!set {a, b}\n",
    "a tag of nobody": "one: !mine x\n",
    "two documents": "one: x\n---\ntwo: y\n",
    "a key given twice": "one: x\none: y\n",
    "a key given twice within": "one: {two: x, two: y}\n",
    "a key given twice in two spellings": 'one: x\n"one": y\n',
    "deep lists": f"one: {'[' * 40}{']' * 40}\n",
    "very deep lists": f"one: {'[' * 50_000}\n",
    "deep mappings": "".join(f"{' ' * depth}a:\n" for depth in range(40)),
    "a list as a key": "? [a, b]\n: x\n",
    "a mapping as a key": "? {a: b}\n: x\n",
    "no key": ": x\n",
    "null as a key": "null: x\n",
    "NUL": "one: \x00\n",
    "an escape character": "one: \x1b[2J\n",
    "half a surrogate": "one: \ud800\n",
    "no mapping": "- one\n",
    "nothing": "",
    "a comment": "# one\n",
    "no YAML": "one: [x\n",
    "a tab": "\tone: x\n",
}


def by_keyholder(folder: Path, text: str) -> None:
    path = folder / "odd.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    section = read_document(path, {"one", "two"})
    if section.is_section("one"):
        section.section("one")


def by_policy(folder: Path, text: str) -> None:
    members = parsed("odd.yaml", text).fields(("one", "two"))
    if "one" in members and members["one"].node.id == "mapping":
        members["one"].members()


@pytest.mark.parametrize("reader", [by_keyholder, by_policy])
@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_an_odd_document_is_refused(tmp_path: Path, text: str, reader: Callable[[Path, str], None]) -> None:
    with pytest.raises(InvalidDocument):
        reader(tmp_path, text)


@pytest.mark.parametrize("reader", [by_keyholder, by_policy])
def test_a_long_document_is_refused(tmp_path: Path, reader: Callable[[Path, str], None]) -> None:
    reader(tmp_path, "one: x\n#".ljust(LARGEST, "y"))
    with pytest.raises(InvalidDocument, match="larger than"):
        reader(tmp_path, "one: x\n#".ljust(LARGEST + 1, "y"))


@pytest.mark.parametrize("reader", [by_keyholder, by_policy])
def test_an_ordinary_document_is_read(tmp_path: Path, reader: Callable[[Path, str], None]) -> None:
    reader(tmp_path, 'one: {two: [a, "b"], three: \'!c\'}\ntwo: "null"\n')
