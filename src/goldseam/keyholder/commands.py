"""The command line of the keyholder, for the person on the customer's side."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.display import write_error, write_json, write_line
from goldseam.errors import GoldseamError, UsageError
from goldseam.keyholder.config import Config, load_config
from goldseam.keyholder.identity import Verifier
from goldseam.keyholder.setup import CONFIG, journal_of, set_up, signer_of, summary, trust

if TYPE_CHECKING:
    from goldseam.keyholder.server import Door

_VARIABLE: Final = "GOLDSEAM_KEYHOLDER_CONFIG"


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code."""
    given = _parser().parse_args(arguments)
    act: Callable[[argparse.Namespace], int] = given.act
    try:
        return act(given)
    except GoldseamError as error:
        write_error(f"goldseam-keyholder: {error}")
        return error.exit_code


def new_code(config: Config, plan: str) -> str:
    """A one-time code for a plan, in force from now on; only its hash is kept."""
    if not plan.startswith("p-"):
        msg = f"`{plan}` is not the id of a plan; it starts with `p-`"
        raise UsageError(msg)
    return journal_of(config).issue_code(plan, datetime.now(UTC), config.code_life)


def opened_door(config: Config) -> Door:
    """The door of a configured keyholder, listening; `serve_forever` answers."""
    from goldseam.clock import SystemClock  # noqa: PLC0415 - only `run` needs the cloud
    from goldseam.clouds.aws.client import AwsSession  # noqa: PLC0415
    from goldseam.clouds.aws.cloud import aws_catalog  # noqa: PLC0415
    from goldseam.clouds.aws.role_reader import RoleReader  # noqa: PLC0415
    from goldseam.keyholder.hearing import Keyholder  # noqa: PLC0415
    from goldseam.keyholder.server import Door  # noqa: PLC0415

    session, catalog, clock = AwsSession(config.profile or None), aws_catalog(), SystemClock()
    journal = journal_of(config)
    journal.granted()
    reader = RoleReader(session, config.read_roles, catalog, clock)
    return Door(Keyholder(config, signer_of(config), journal, catalog, session, clock, reader))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("goldseam-keyholder", description="Gives keys for single plans, by your rules.")
    parser.add_argument("--config", type=Path, default=os.environ.get(_VARIABLE, CONFIG), help="default: %(default)s")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_setting_up(commands)
    _add_working(commands)
    return parser


def _add_setting_up(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = commands.add_parser("init", help="make a key and a configuration that allows nothing yet")
    init.add_argument("--account", action="append", default=[], metavar="ID=ROLE", help="an account and its role")
    init.add_argument("--read", action="append", default=[], metavar="ID=ROLE", help="the role to read an account with")
    init.add_argument("--listen", default="127.0.0.1:7443", help="default: %(default)s")
    init.set_defaults(act=_init)
    trusting = commands.add_parser("trust", help="trust a requester's or an approver's public key")
    trusting.add_argument("group", choices=("requester", "approver"))
    trusting.add_argument("name")
    trusting.add_argument("key", help="`ed25519:…`")
    trusting.set_defaults(act=_trust)
    show = commands.add_parser("show", help="show the public name, the rules and the last decisions")
    show.add_argument("--json", action="store_true", dest="as_json")
    show.set_defaults(act=_show)


def _add_working(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser("run", help="answer requests until stopped")
    run.set_defaults(act=_run)
    key = commands.add_parser("key", help="make a one-time code for one plan")
    key.add_argument("plan")
    key.set_defaults(act=_key)
    release = commands.add_parser("release", help="let a plan be asked for once more")
    release.add_argument("plan")
    release.set_defaults(act=_release)
    rotate = commands.add_parser("rotate", help="give a role with a rotating code a fresh code, and show it once")
    rotate.add_argument("role", help="the ARN of the role")
    rotate.add_argument("uuid", help="the part of the external id before the colon")
    rotate.add_argument("--profile")
    rotate.set_defaults(act=_rotate)


def _init(given: argparse.Namespace) -> int:
    roles, reads = _pairs(given.account), _pairs(given.read)
    config = set_up(given.config.parent, roles, given.listen, given.config.name, reads)
    _say(f"wrote {config.path}", f"this keyholder is {signer_of(config).keyholder_name.text}")
    return 0


def _pairs(given: Sequence[str]) -> dict[str, str]:
    return {account: role for account, _, role in (item.partition("=") for item in given)}


def _trust(given: argparse.Namespace) -> int:
    key = Verifier.parsed(given.key)
    trust(given.config, given.group, given.name, key)
    _say(f"{given.group} {given.name} is trusted, key {key.fingerprint}; restart the keyholder")
    return 0


def _show(given: argparse.Namespace) -> int:
    config = load_config(given.config)
    found = summary(config, signer_of(config).keyholder_name, journal_of(config))
    if given.as_json:
        write_json(json.dumps(found, indent=2))
        return 0
    for name, value in found.items():
        items = value if isinstance(value, list) else value.items() if isinstance(value, dict) else [value]
        lines = [_line(item) for item in items] or [""]
        _say(f"{name:<12}{lines[0]}", *(f"{'':<12}{line}" for line in lines[1:]))
    return 0


def _line(item: object) -> str:
    if isinstance(item, tuple):
        return f"{item[0]}  {item[1]}"
    if isinstance(item, dict):
        words = (item.get(key, "") for key in ("at", "decision", "plan", "requester", "because"))
        return "  ".join(str(word) for word in words if word)
    return str(item)


def _run(given: argparse.Namespace) -> int:
    door = opened_door(load_config(given.config))

    def stop(signum: int, frame: object) -> None:
        del signum, frame
        threading.Thread(target=door.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _say(f"listening on {door.url} as {door.keyholder.signer.keyholder_name.text}")
    with door:
        door.serve_forever(0.1)
    return 0


def _key(given: argparse.Namespace) -> int:
    config = load_config(given.config)
    code = new_code(config, given.plan)
    _say(code, f"for plan {given.plan}, once, within {config.code_life}")
    return 0


def _release(given: argparse.Namespace) -> int:
    config = load_config(given.config)
    held = journal_of(config).release(given.plan, datetime.now(UTC), "released by hand")
    _say(f"plan {given.plan} " + ("may be asked for once more" if held else "was not granted here"))
    return 0 if held else 1


def _rotate(given: argparse.Namespace) -> int:
    from goldseam.clouds.aws.client import AwsSession  # noqa: PLC0415 - only this command needs the cloud
    from goldseam.clouds.aws.keys import RotatingRole, rotated  # noqa: PLC0415

    code = rotated(AwsSession(given.profile), RotatingRole(given.role, given.uuid)).reveal()["code"]
    _say(code, "is the code from now on; it is shown once")
    return 0


def _say(*lines: str) -> None:
    for line in lines:
        write_line(line)
    sys.stdout.flush()
