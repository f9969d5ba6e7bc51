"""The emulator's own process: watch the parent, correct the emulator, serve.

Runs as `python -m goldseam.demo.child`; the environment says where to listen, what to keep, and
in `TMPDIR` which folder goes with the process.
"""

from __future__ import annotations

import importlib
import os
import runpy
import shutil
import signal
import sys
import threading


def main() -> None:
    """Serve until told to stop, or until the parent is gone."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    for name in ("correct_iam", "correct_s3", "correct_ec2", "correct_ec2_settings", "correct_tagging"):
        importlib.import_module(f"goldseam.demo.{name}").install()
    sys.argv = ["ministack"]
    try:
        runpy.run_module("ministack", run_name="__main__")
    finally:
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def _stop_with_parent() -> None:
    """Wait for the end of the pipe that only the parent holds open, then stop in the ordinary way."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
