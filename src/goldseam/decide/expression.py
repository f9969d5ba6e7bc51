"""The parts of a compiled clause: the checked expression that the CEL compiler writes, as a tree.

The compiler's form is the protocol buffer `cel.expr.CheckedExpr` inside a `google.protobuf.Any`
(github.com/google/cel-spec, proto/cel/expr/checked.proto and syntax.proto). Only what comparisons need is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ANY_VALUE: Final = 2
_CHECKED_EXPRESSION: Final = 4
_CONSTANT, _IDENTIFIER, _CALL, _LIST = 3, 4, 6, 7
_TEXT: Final = 6
_NAME: Final = 1
_TARGET, _FUNCTION, _ARGUMENTS = 1, 2, 3

_Field: TypeAlias = tuple[int, int | bytes]


@dataclass(frozen=True, slots=True)
class Expression:
    """One part of a clause: what it is, its text or name, and its parts.

    `what` is `text` (a literal), `variable` (a full name), `call` (its function; a method's target is the first part),
    `list`, or `other`.
    """

    what: str
    name: str = ""
    parts: tuple[Expression, ...] = ()

    def walk(self) -> Iterator[Expression]:
        """This part and all within it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read_expression(serialized: bytes) -> Expression:
    """The expression in a serialized program; raises ValueError where it is of another form."""
    checked = _member(_member(serialized, _ANY_VALUE), _CHECKED_EXPRESSION)
    return _expression(checked)


def _expression(written: bytes) -> Expression:
    for number, value in _fields(written):
        if not isinstance(value, bytes):
            continue
        if number == _CONSTANT:
            return _constant(value)
        if number == _IDENTIFIER:
            return Expression("variable", _member(value, _NAME).decode())
        if number == _CALL:
            return _call(value)
        return Expression("list" if number == _LIST else "other", parts=tuple(_within(value)))
    return Expression("other")


def _constant(written: bytes) -> Expression:
    texts = [value for number, value in _fields(written) if number == _TEXT and isinstance(value, bytes)]
    return Expression("text", texts[0].decode()) if texts else Expression("other")


def _call(written: bytes) -> Expression:
    fields = [(number, value) for number, value in _fields(written) if isinstance(value, bytes)]
    name = next((value.decode() for number, value in fields if number == _FUNCTION), "")
    parts = [_expression(value) for number, value in fields if number in (_TARGET, _ARGUMENTS)]
    return Expression("call", name, tuple(parts))


def _within(written: bytes) -> Iterator[Expression]:
    """The parts of what is neither call nor literal: elements of a list, the operand of a selection, a loop's parts."""
    for _, value in _fields(written):
        if isinstance(value, bytes):
            try:
                yield _expression(value)
            except ValueError:  # the name of a field or of a loop's variable
                continue


def _member(written: bytes, wanted: int) -> bytes:
    """The bytes of a field; empty where it is not there, as protocol buffers leave out what is empty."""
    return next((value for number, value in _fields(written) if number == wanted and isinstance(value, bytes)), b"")


def _fields(written: bytes) -> Iterator[_Field]:
    """The fields of a message in order; raises ValueError where the bytes are no message."""
    at = 0
    while at < len(written):
        key, at = _varint(written, at)
        number, form = key >> 3, key & 7
        if form == _VARINT:
            value, at = _varint(written, at)
            yield number, value
            continue
        size, at = _varint(written, at) if form == _BYTES else (_width(form), at)
        if number == 0 or at + size > len(written):
            msg = "the compiled clause is cut off"
            raise ValueError(msg)
        yield number, written[at : at + size]
        at += size


def _width(form: int) -> int:
    if form not in (_FIXED64, _FIXED32):
        msg = f"the compiled clause has a field of unknown form {form}"
        raise ValueError(msg)
    return 8 if form == _FIXED64 else 4


def _varint(written: bytes, at: int) -> tuple[int, int]:
    """A number and the place after it."""
    value = shift = 0
    for place in range(at, len(written)):
        value |= (written[place] & 0x7F) << shift
        shift += 7
        if written[place] < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return value, place + 1
    msg = "the compiled clause is cut off"
    raise ValueError(msg)
