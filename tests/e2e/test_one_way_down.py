"""One way down: front end, service layer, stages, store and cloud; the answer comes back once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.e2e.world import ASK, PUBLIC, Person, World

# Runs goldseam, and writes which of its files took part and which functions of the command line were called from below.
_WATCHED: Final = """
import json, os, sys, threading
import goldseam
root, log = os.path.dirname(goldseam.__file__) + os.sep, sys.argv.pop(1)
files, climbs = {}, {}

def place(frame):
    name = frame.f_code.co_filename
    return name[len(root):] if name.startswith(root) and frame.f_code.co_flags & 2 else ""

def watch(frame, event, _):
    if event != "call" or not (callee := place(frame)):
        return
    files.setdefault(callee, len(files))
    caller = frame.f_back
    while caller is not None and not place(caller):
        caller = caller.f_back
    if caller is not None and callee.startswith("cli/") and not place(caller).startswith(("cli/", "__main__")):
        climbs[f"{callee}:{frame.f_code.co_name}"] = f"{place(caller)}:{caller.f_code.co_name}"

threading.setprofile(watch)
sys.setprofile(watch)
from goldseam.cli import main
try:
    main()
finally:
    sys.setprofile(None)
    with open(log, "w") as out:
        json.dump({"files": list(files), "climbs": climbs}, out)
"""
_CALLBACKS: Final = {"cli/output.py:note", "cli/output.py:ask_code", "cli/streams.py:write"}
"""What a use case is given to report by and to ask for a code; and the standard streams, where both end."""
APPLY_PASSES: Final = 15
"""Files of the service layer that one `apply` passes through, at most."""


def watched(person: Person, log: Path, *words: str) -> Any:
    done = person._ran([sys.executable, "-c", _WATCHED, str(log), *words], None)
    assert done.code in (0, 1), done
    return json.loads(log.read_text(encoding="utf-8"))


def test_no_use_case_climbs_back_into_the_command_line(world: World, dana: Person, tmp_path: Path) -> None:
    """The mutation: a use case that is handed a function of the command line which prints what was done."""
    log = tmp_path / "log.json"
    dana.uses(ASK)
    finding = dana.scanned(PUBLIC)[PUBLIC, world.storage.data_bucket]
    plan = dana.planned(finding)["id"]
    for words in (("explain", finding["id"]), ("approve", plan), ("apply", plan, "--yes"), ("ledger", "verify")):
        seen = watched(dana, log, *words)
        assert any(name.startswith("service/") for name in seen["files"]), words
        assert seen["climbs"].keys() <= _CALLBACKS, (words, seen["climbs"])
        if words[0] == "apply":
            passed = [name for name in seen["files"] if name.startswith("service/")]
            assert len(passed) <= APPLY_PASSES, passed
