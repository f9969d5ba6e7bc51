"""A private key's file: whole, its owner's alone, never in the place of another, read in both ways it was written."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goldseam.keyholder.identity import PrivateKey
from goldseam.model.errors import HomeError
from goldseam.model.key_file import make_key, read_key, write_key
from goldseam.store.signing import SigningKey

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@pytest.mark.parametrize(
    "text", [base64.b64encode(b"k" * 32).decode() + "\n", (b"k" * 32).hex(), (b"k" * 32).hex() + "\n"]
)
def test_both_forms_that_were_ever_written_are_read(tmp_path: Path, text: str) -> None:
    """The mutation: `read_key` takes base64 alone, and every older ledger loses its key."""
    path = tmp_path / "ledger.key"
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)
    assert read_key(path, guarded=True).private_bytes_raw() == b"k" * 32
    assert SigningKey(tmp_path).public == KEY.public_key().public_bytes_raw().hex()
    assert PrivateKey.load(path).verifier == PrivateKey(KEY).verifier


@pytest.mark.parametrize("text", ["", "x", "k" * 64, base64.b64encode(b"k" * 31).decode(), "é", "6b" * 33])
def test_what_is_no_key_is_refused_by_whoever_reads_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ValueError):  # noqa: PT011 - each way to be wrong has words of its own
        read_key(path, guarded=True)
    with pytest.raises(HomeError, match="is not a key"):
        _ = SigningKey(tmp_path).public
    with pytest.raises(HomeError, match="holds no key"):
        PrivateKey.load(path)


def test_a_new_key_is_its_owners_alone_and_takes_no_others_place(tmp_path: Path) -> None:
    """The mutations: the mode is left to the umask; the draft is renamed over what is there; the draft stays."""
    path, before = tmp_path / "home" / "key", os.umask(0)
    try:
        make_key(path)
    finally:
        os.umask(before)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    held = path.read_bytes()
    with pytest.raises(FileExistsError):
        write_key(path, KEY)
    assert path.read_bytes() == held
    assert [item.name for item in path.parent.iterdir()] == ["key"]


def test_a_ledgers_key_that_is_made_many_times_at_once_is_one(tmp_path: Path) -> None:
    """The mutation: who comes second fails (`FileExistsError` is not suppressed)."""
    for number in range(20):
        home = tmp_path / str(number)
        home.mkdir()
        begin = Barrier(6)

        def signed(home: Path = home, begin: Barrier = begin) -> str:
            key = SigningKey(home)
            begin.wait()
            return key.sign(b"x")

        with ThreadPoolExecutor(6) as pool:
            assert len({done.result() for done in [pool.submit(signed) for _ in range(6)]}) == 1
        assert SigningKey(home).public == (home / "ledger.pub").read_text("ascii").strip()
