"""The clouds that tests run against: each on a free port of loopback, without the user's configuration."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from goldseam.demo.emulator import EmbeddedCloud, embedded_cloud

MOTO_ACCOUNT: Final = "123456789012"
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_START_SECONDS: Final = 30.0
_MOTO: Final = """
import os, sys, threading
def stop_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=stop_with_parent, daemon=True).start()
from moto.server import main
main(sys.argv[1:])
"""


@dataclass(frozen=True)
class Moto:
    """A running moto server: breadth of services, and no idea of permissions."""

    endpoint: str
    account_id: str = MOTO_ACCOUNT

    def reset(self) -> None:
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        with _DIRECT.open(request, timeout=_START_SECONDS):
            pass


@contextlib.contextmanager
def ministack() -> Iterator[EmbeddedCloud]:
    """The IAM-enforcing emulator, empty and forgetful."""
    with embedded_cloud() as cloud:
        yield cloud


@contextlib.contextmanager
def moto() -> Iterator[Moto]:
    """A moto server that ends with this process, whatever happens to it."""
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "-c", _MOTO, "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_ready(child, f"http://127.0.0.1:{port}")
        yield Moto(f"http://127.0.0.1:{port}")
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()


@contextlib.contextmanager
def isolated_environment() -> Iterator[None]:
    """No profile, key, endpoint or proxy of the user, and no instance metadata, for this process and its children."""
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        patch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, os.devnull)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield
    patch.undo()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(child: subprocess.Popen[bytes], endpoint: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(f"{endpoint}/moto-api/data.json"):
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"moto did not start (code {child.returncode})")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=_START_SECONDS):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
