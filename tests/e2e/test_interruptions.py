"""Signals, closed pipes and closed terminals: no command is left half done without a line and an exit code."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.e2e.test_crashes import FIRST, LAST, is_open, ready
from tests.e2e.wire import Gate
from tests.e2e.world import AUTO, BLOCKED, GOLDSEAM, PUBLIC, Done, Person, World


def held(world: World, operation: str, moment: Literal["before", "after"] = "after") -> Gate:
    gate = Gate(operation, moment)
    world.wire.gates.append(gate)
    return gate


def told(process: subprocess.Popen[str]) -> str:
    """The next line on standard error."""
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_signal_during_a_repair_takes_it_back_after_the_call_that_was_sent(world: World, dana: Person) -> None:
    number = signal.SIGINT
    plan = ready(world, dana)
    gate = held(world, FIRST)
    process = dana.start("apply", plan["id"], "--yes")
    gate.reached(process)
    process.send_signal(number)
    line = told(process)
    assert f"{number.name}: waiting for the call that was sent for {plan['id']}" in line
    gate.go.set()
    done = dana.finished(process)
    assert done.code == 128 + number
    assert f"interrupted by {number.name}; {plan['id']} undone" in done.err
    assert is_open(world)
    assert world.wire.writes == [FIRST, FIRST], "the first call, and the one that takes it back"
    assert [entry["body"]["state"] for entry in dana.ledger(kind="outcome")] == ["undone"]
    assert dana.run("resume").out.startswith("Nothing is unfinished")
    assert dana.run("ledger", "verify").code == 0


def test_a_signal_during_the_last_call_lets_the_repair_be_proved(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    gate = held(world, LAST)
    process = dana.start("apply", plan["id"], "--yes")
    gate.reached(process)
    process.send_signal(signal.SIGINT)
    told(process)
    gate.go.set()
    done = dana.finished(process)
    assert (done.code, f"{plan['id']} verified" in done.err) == (130, True)
    assert not is_open(world)


def test_a_second_signal_ends_at_once_and_says_what_resumes(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    gate = held(world, LAST, "before")
    gate.lost = True
    process = dana.start("apply", plan["id"], "--yes")
    gate.reached(process)
    process.send_signal(signal.SIGINT)
    told(process)
    process.send_signal(signal.SIGINT)
    done = dana.finished(process)
    assert done.code == 130
    assert f"{plan['id']} is half done after 1 of 2 calls were answered; run `goldseam resume`" in done.err
    gate.go.set()
    world.wire.key_lasts = timedelta(minutes=35)
    resumed = dana.waits("resume", "--wait", "--json")
    assert [item["state"] for item in resumed.json["resumed"]] == ["undone"]
    assert is_open(world)


def test_of_two_plans_the_second_is_not_begun_after_a_signal(world: World, dana: Person) -> None:
    other = world.public_bucket("lumen-interrupted")
    dana.uses(AUTO)
    found = dana.scanned()
    plans = [dana.planned(found[PUBLIC, name])["id"] for name in (world.storage.data_bucket, other)]
    gate = held(world, FIRST)
    process = dana.start("apply", *plans, "--yes", "--json")
    gate.reached(process)
    process.send_signal(signal.SIGTERM)
    told(process)
    gate.go.set()
    done = dana.finished(process)
    assert done.code == 143
    assert [item["plan"] for item in done.json["repairs"]] == plans[:1]
    assert done.json["refused"] == [f"{plans[1]}: not begun, SIGTERM came before"]
    assert len(dana.ledger(kind="repair")) == 1


def test_a_signal_while_a_half_done_repair_is_taken_back_leaves_it_open(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    gate = Gate(LAST, "before", lost=True)
    world.wire.gates.append(gate)
    killed = dana.start("apply", plan["id"], "--yes")
    gate.reached(killed)
    killed.kill()
    dana.finished(killed)
    gate.go.set()
    asked = held(world, "AssumeRole")
    world.wire.key_lasts = timedelta(minutes=35)
    process = dana.start("resume", "--wait", waits=True)
    asked.reached(process)
    process.send_signal(signal.SIGINT)
    told(process)
    asked.go.set()
    done = dana.finished(process)
    assert done.code == 130
    assert f"resume {plan['id']} open; run `goldseam resume`" in done.err
    assert not is_open(world)
    resumed = dana.waits("resume", "--wait", "--json")
    assert [item["state"] for item in resumed.json["resumed"]] == ["undone"]
    assert is_open(world)


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_a_signal_during_a_scan_ends_it_with_a_line(world: World, dana: Person, number: signal.Signals) -> None:
    gate = held(world, "GET ?policy")
    process = dana.start("scan", "--control", PUBLIC)
    gate.reached(process)
    process.send_signal(number)
    gate.go.set()
    done = dana.finished(process)
    assert done.code == 128 + number
    assert done.told == [f"goldseam: interrupted by {number.name}; no repair was under way"]


def piped(person: Person, words: tuple[str, ...], *, closed: tuple[str, ...]) -> Done:
    """Run a command whose readers are gone before it says anything; what is not closed is read."""
    ends = {name: os.pipe() for name in ("out", "err")}
    for name in closed:
        os.close(ends[name][0])
    process = subprocess.Popen(
        [*GOLDSEAM, *words], stdin=subprocess.DEVNULL, stdout=ends["out"][1], stderr=ends["err"][1],
        env=person.environment(),
    )  # fmt: skip
    said = {}
    for name, (reader, writer) in ends.items():
        os.close(writer)
        said[name] = ""
        if name not in closed:
            with os.fdopen(reader, encoding="utf-8") as stream:
                said[name] = stream.read()
    code = process.wait()
    person.world.said += said.values()
    return Done(code, said["out"], said["err"])


def test_a_closed_pipe_does_not_stop_a_repair_nor_its_rollback(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    done = piped(dana, ("apply", plan["id"], "--yes"), closed=("out",))
    assert done.code == 0
    assert f"standard output is closed; {plan['id']} verified" in done.err
    assert not is_open(world)
    dana.approves_rollback(plan["id"])
    back = piped(dana, ("rollback", plan["id"], "--yes"), closed=("out",))
    assert back.code == 0
    assert "standard output is closed; p-" in back.err
    assert "verified" in back.err
    assert is_open(world)


def test_standard_error_closed_as_well_changes_nothing_of_it(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    assert piped(dana, ("apply", plan["id"], "--yes"), closed=("out", "err")).code == 0
    assert not is_open(world)
    assert dana.run("ledger", "verify").code == 0


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 1>&- 2>&-"])
def test_descriptors_that_were_never_open_are_not_given_to_files(world: World, dana: Person, closed: str) -> None:
    """What is said would else be written into the database, which would have got the number 1 or 2."""
    plan = ready(world, dana)
    command = ["bash", "-c", f'exec "$@" {closed}', "bash", *GOLDSEAM, "apply", plan["id"], "--yes"]
    done = subprocess.run(command, env=dana.environment(), check=False, capture_output=True, text=True)
    world.said += [done.stdout, done.stderr]
    assert done.returncode == 0
    assert not is_open(world)
    assert dana.run("ledger", "verify").code == 0


def test_a_full_disk_behind_standard_output_is_told_of_and_the_repair_is_whole(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        done = subprocess.run(
            [*GOLDSEAM, "apply", plan["id"], "--yes"], env=dana.environment(), check=False, stdin=subprocess.DEVNULL,
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    world.said.append(done.stderr)
    assert done.returncode == 2
    assert f"{plan['id']} verified" in done.stderr
    assert "the answer is not complete" in done.stderr
    assert not is_open(world)


# Makes the terminal that is standard input the one of the session, so that Ctrl-C and closing it send signals.
_SITTING_AT_IT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def on_terminal(person: Person, words: tuple[str, ...], **more: Any) -> tuple[subprocess.Popen[bytes], int]:
    """A command in a session and on a terminal of its own, and the end of it that a person sits at."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _SITTING_AT_IT, *GOLDSEAM, *words], env=person.environment(), start_new_session=True,
        **{"stdin": theirs, "stdout": theirs, "stderr": theirs, **more},
    )  # fmt: skip
    os.close(theirs)
    return process, ours


def read_until(terminal: int, text: str) -> str:
    seen = b""
    while text.encode() not in seen:
        piece = os.read(terminal, 4096)
        assert piece, seen.decode()
        seen += piece
    return seen.decode()


def test_a_terminal_that_closes_during_a_repair_leaves_it_taken_back(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    gate = held(world, FIRST)
    process, terminal = on_terminal(dana, ("apply", plan["id"], "--yes"))
    gate.reached(process)
    os.close(terminal)
    gate.go.set()
    assert process.wait() == 128 + signal.SIGHUP
    assert is_open(world)
    assert [entry["body"]["state"] for entry in dana.ledger(kind="outcome")] == ["undone"]


def test_nobody_is_asked_about_what_nobody_saw(world: World, dana: Person) -> None:
    """A person at a terminal, with the plan in a pipe that was closed: stopped before it begins."""
    plan = ready(world, dana)
    reader, writer = os.pipe()
    os.close(reader)
    process, terminal = on_terminal(dana, ("apply", plan["id"]), stdout=writer)
    os.close(writer)
    said = read_until(terminal, "add --yes")
    assert process.wait() == 1
    os.close(terminal)
    assert "the plan could not be shown" in said
    assert is_open(world)
    assert dana.ledger(kind="repair") == []


def test_ctrl_c_at_the_question_for_a_code_changes_nothing_and_gives_the_terminal_back(world: World) -> None:
    dana = world.person("dana", world.people.scanner, role="")
    with world.keyholder(dana, automated=False):
        dana.uses(AUTO)
        found = dana.scanned()
        plan = dana.planned(*(found[control, world.storage.data_bucket] for control in (PUBLIC, BLOCKED)))
        process, terminal = on_terminal(dana, ("apply", plan["id"], "--yes", "--key", "keyholder", "--code"))
        read_until(terminal, "one-time code for plan")
        os.write(terminal, b"\x03")
        said = read_until(terminal, "no repair was under way")
        assert process.wait() == 130
        assert "no code was typed, so nothing was done" in said
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
        os.close(terminal)
    assert [entry["kind"] for entry in dana.ledger(plan=plan["id"])][-1] == "release"
    assert is_open(world)


def test_a_keyholder_that_is_stopped_answers_what_it_began(world: World) -> None:
    """Stopped between claim and key, it would else leave a plan that nobody can be given a key for."""
    dana = world.person("dana", world.people.scanner, role="")
    with world.keyholder(dana) as config:
        plan = ready(world, dana)
        gate = held(world, "AssumeRole")
        process = dana.start("apply", plan["id"], "--yes", "--key", "keyholder")
        gate.reached(process)
        pid = keyholder_of(str(config))
        os.kill(pid, signal.SIGTERM)
        gate.go.set()
        done = dana.finished(process)
        assert (done.code, "verified" in done.out) == (0, True), done


def keyholder_of(config: str) -> int:
    """The process that runs with a configuration."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            words = (folder / "cmdline").read_text("utf-8").split("\0") if folder.name.isdecimal() else []
            if config in words and "run" in words:
                return int(folder.name)
    raise AssertionError("no keyholder runs")
