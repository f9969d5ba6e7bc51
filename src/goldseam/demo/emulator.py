"""Runs the IAM-enforcing AWS emulator as a child process that cannot outlive its parent.

The child watches a pipe whose other end only this process holds: when this process ends, however it ends, the pipe
closes and the emulator stops. That works on every Unix and from every thread, which a parent-death signal does not.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from goldseam.model.errors import Unreachable, UsageError

LOOPBACK: Final = "127.0.0.1"
ACCOUNT_ID: Final = "471112835904"
REGION: Final = "eu-central-1"
REGIONS: Final = (REGION, "eu-west-1", "us-east-1")
"""The regions that the account has enabled."""
ROOT_KEY: Final = "test"
"""The emulator takes this key, with any secret, for the root user of the default account."""

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Reaches loopback whatever proxy the environment names."""

_KEPT_VARIABLES: Final = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class EmbeddedCloud:
    """A running emulator: where it answers, which account and region it stands for, and where it logs."""

    endpoint: str
    account_id: str
    region: str
    log_file: Path
    process_id: int

    def reset(self) -> None:
        """Forget every resource of every account, so that the next user finds an empty cloud."""
        request = urllib.request.Request(f"{self.endpoint}/_ministack/reset", method="POST")  # noqa: S310
        with _DIRECT.open(request, timeout=_START_SECONDS):
            pass


@contextlib.contextmanager
def embedded_cloud(port: int | None = None, state_dir: Path | None = None) -> Iterator[EmbeddedCloud]:
    """Start the emulator, yield it when it answers, and stop it on the way out.

    With `state_dir` its resources are saved there when it stops and loaded again when it starts, so that a demo home
    can be explored further. Sessions of assumed roles are never saved. Raises `UsageError` when the emulator is not
    installed or the port is taken, and `Unreachable` when it does not come up.
    """
    _require_installed()
    chosen = _free_port() if port is None else _require_free(port)
    with tempfile.TemporaryDirectory(prefix="goldseam-cloud-") as scratch:
        kept = Path(scratch) if state_dir is None else state_dir
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        cloud_log = kept / "emulator.log"
        child = _start(_environment(chosen, Path(scratch), state_dir), cloud_log)
        try:
            endpoint = f"http://{LOOPBACK}:{chosen}"
            _wait_until_ready(child, endpoint, cloud_log)
            yield EmbeddedCloud(endpoint, ACCOUNT_ID, REGION, cloud_log, child.pid)
        finally:
            _stop(child, saving=state_dir is not None)


def _require_installed() -> None:
    """Say which extra is missing before a traceback does."""
    if importlib.util.find_spec("ministack") is None:
        raise UsageError("the embedded cloud is not installed; run `pip install 'goldseam[demo]'`")


def _free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _require_free(port: int) -> int:
    """The port that was asked for, refused when something else already answers there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise UsageError(f"port `{port}` cannot be used ({error.strerror}); choose another") from error
    return port


def _environment(port: int, scratch: Path, state_dir: Path | None) -> dict[str, str]:
    """What the child sees: none of the user's cloud settings, and no listener or daemon but the one port."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "GOLDSEAM_CLOUD_REGIONS": ",".join(REGIONS),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "TMPDIR": str(scratch),
        "LOG_LEVEL": "WARNING",
        **_persistence(scratch, state_dir),
    }


def _persistence(scratch: Path, state_dir: Path | None) -> Mapping[str, str]:
    """Where resources and objects live: the state folder when there is one, else a folder that goes with the child."""
    folder = scratch if state_dir is None else state_dir.resolve()
    keep = "0" if state_dir is None else "1"
    return {
        "PERSIST_STATE": keep,
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": keep,
        "S3_DATA_DIR": str(folder / "objects"),
    }


def _start(environment: Mapping[str, str], log_file: Path) -> subprocess.Popen[bytes]:
    """Start the child apart from the terminal, so that Ctrl-C reaches only the parent, which then stops it."""
    with log_file.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "goldseam.demo.child"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )


def _wait_until_ready(child: subprocess.Popen[bytes], endpoint: str, log_file: Path) -> None:
    """Poll until the child answers, and stop polling at once when it has ended."""
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(endpoint):
        if child.poll() is not None:
            raise Unreachable(f"the embedded cloud ended with code {child.returncode}; see `{log_file}`")
        if time.monotonic() > deadline:
            raise Unreachable(f"the embedded cloud gave no answer in {_START_SECONDS:.0f} s; see `{log_file}`")
        time.sleep(_POLL_SECONDS)


def _answers(endpoint: str) -> bool:
    """Whether the emulator says that it is ready."""
    try:
        with _DIRECT.open(f"{endpoint}/_ministack/ready", timeout=_STOP_SECONDS) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _stop(child: subprocess.Popen[bytes], *, saving: bool) -> None:
    """End the child, giving it the time to save its state when there is one to save."""
    try:
        if saving:
            child.terminate()
            child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
