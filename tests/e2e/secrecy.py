"""Law 9 over files: where under a folder a secret lies, in whatever form."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


def forms(secret: str) -> set[str]:
    """A secret as it is, and as it looks in a URL, in base 64 and in hexadecimal."""
    raw = secret.encode()
    return {secret, quote(secret, safe=""), base64.b64encode(raw).decode().rstrip("=")[:-1], raw.hex()}


def found_in(text: str, secrets: Iterable[str]) -> list[str]:
    """The secrets that a text holds."""
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


def traces(folder: Path, secrets: Iterable[str]) -> list[str]:
    """The files and tables under a folder that hold one of the secrets."""
    wanted = list(secrets)
    return [place for place, text in _texts(folder) if found_in(text, wanted)]


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file's bytes, and every row of every database: a row may be spread over pages."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")
            if path.suffix == ".db":
                yield from _rows(path)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield f"{path}:{table}", repr(database.execute(f"SELECT * FROM {table}").fetchall())
