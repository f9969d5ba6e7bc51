"""What a terminal shows: text with control and invisible characters made visible, and the only way to write it.

Names, tags, policies and messages of errors come from whoever may write them in the cloud. On a terminal an escape
sequence could hide a line or forge one, and a bidirectional control turn it around. So every line that this program
writes to standard output or standard error passes through here, and a text never makes more than one line.
"""

from __future__ import annotations

import re
import shlex
import sys
from typing import Final

_INVISIBLE: Final = (
    "\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064"
    "\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""DEL and C1, format characters (Unicode category Cf: bidirectional, zero width, tags), separators, surrogates."""
_HIDDEN: Final = re.compile(f"[\x00-\x1f{_INVISIBLE}]")
_HIDDEN_IN_JSON: Final = re.compile(f"[{_INVISIBLE}]")
"""JSON escapes C0 itself, and has line breaks between its members."""
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ONE_BYTE, _TWO_BYTES = 0xFF, 0xFFFF


def visible(text: str) -> str:
    r"""The text on one line, with `\x1b`, `\u202e` and the like in place of what is not seen or moves the cursor."""
    return text if text.isprintable() else _HIDDEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character, code = found[0], ord(found[0])
    if code <= _ONE_BYTE:
        return _NAMED.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= _TWO_BYTES else f"\\U{code:08x}"


def visible_json(document: str) -> str:
    r"""The same JSON document, with `\u0085`, `\u202e` and the like in the place of what JSON lets stand as it is."""
    return document if document.isascii() and "\x7f" not in document else _HIDDEN_IN_JSON.sub(_json_escape, document)


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def shell_word(word: str) -> str:
    r"""The word quoted for a shell: as `$'…'` with the bytes in octal where it holds what is not seen.

    `bash`, `zsh` and every shell of POSIX.1-2024 read the same bytes. Raises ValueError for NUL, which no command line
    can hold.
    """
    if "\0" in word:
        msg = "it holds a NUL character, which no command line can"
        raise ValueError(msg)
    if not _HIDDEN.search(word):
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{_HIDDEN.sub(_octal, escaped)}'"


def _octal(found: re.Match[str]) -> str:
    return _NAMED.get(found[0]) or "".join(f"\\{byte:03o}" for byte in found[0].encode("utf-8", "surrogatepass"))


def write_line(text: str = "") -> None:
    """One line on standard output."""
    sys.stdout.write(f"{visible(text)}\n")


def write_error(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"{visible(text)}\n")


def write_prompt(text: str) -> None:
    """The beginning of a line on standard error, which somebody will end."""
    sys.stderr.write(visible(text))
    sys.stderr.flush()


def write_json(document: str) -> None:
    """A JSON document on standard output, and a line's end."""
    sys.stdout.write(f"{visible_json(document)}\n")


def write_record(lines: str) -> None:
    """Lines of JSON on standard output; byte for byte, unless it is a terminal, which shows the same documents."""
    sys.stdout.write(visible_json(lines) if sys.stdout.isatty() else lines)
