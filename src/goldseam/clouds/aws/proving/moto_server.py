"""A moto server of the kit's own, where moto is installed: breadth of services, and no idea of permissions."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from goldseam.model.errors import Unreachable

ACCOUNT: Final = "123456789012"
_LOOPBACK: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SERVES: Final = """
import os, sys, threading
def stop_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=stop_with_parent, daemon=True).start()
from moto.server import main
main(sys.argv[1:])
"""


@dataclass(frozen=True, slots=True)
class MotoServer:
    """A running server."""

    endpoint: str

    def reset(self) -> None:
        """Forget every resource."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")  # noqa: S310 - loopback
        with _DIRECT.open(request, timeout=_START_SECONDS):
            pass


def installed() -> bool:
    """Whether moto can be started; it is a dependency of development only."""
    return importlib.util.find_spec("moto") is not None


@contextlib.contextmanager
def moto_server() -> Iterator[MotoServer]:
    """Start it, and stop it on the way out; it ends with this process, whatever happens. Raises Unreachable."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port = int(probe.getsockname()[1])
    child = subprocess.Popen(  # noqa: S603 - this interpreter, a fixed program
        [sys.executable, "-c", _SERVES, "-H", _LOOPBACK, "-p", str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait(child, f"http://{_LOOPBACK}:{port}/moto-api/data.json")
        yield MotoServer(f"http://{_LOOPBACK}:{port}")
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()


def _wait(child: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(url):
        if child.poll() is not None or time.monotonic() > deadline:
            msg = f"moto did not start (code {child.returncode}); run `python -m moto.server` to see why"
            raise Unreachable(msg)
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=_START_SECONDS):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
