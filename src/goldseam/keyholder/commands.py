"""The command line of the keyholder, for the person on the customer's side."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.clouds.registry import clouds
from goldseam.keyholder import forms
from goldseam.keyholder.config import Config, load_config
from goldseam.keyholder.identity import Verifier
from goldseam.keyholder.journal import Journal
from goldseam.keyholder.reseal import reseal
from goldseam.keyholder.setup import (
    CONFIG,
    journal_key,
    journal_of,
    journal_path,
    set_up,
    signer_of,
    summary,
    trust,
)
from goldseam.model.display import visible, write_error, write_json, write_line
from goldseam.model.errors import GoldseamError
from goldseam.model.hardening import no_core_dumps
from goldseam.model.values import Json

if TYPE_CHECKING:
    from goldseam.control import Catalog
    from goldseam.keyholder.hearing import CloudInReach
    from goldseam.keyholder.server import GrantServer

_VARIABLE: Final = "GOLDSEAM_KEYHOLDER_CONFIG"
_INTERRUPTED: Final = 128 + signal.SIGINT


@dataclass(frozen=True, slots=True)
class NewCode:
    """A one-time code, and what the plan that it is for does, in lines for a person."""

    code: str = field(repr=False)
    about: tuple[str, ...]


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code.

    The process holds the keyholder's key, so it leaves no core dump and prints no traceback, whatever happens.
    """
    given = _parser().parse_args(arguments)
    act: Callable[[argparse.Namespace], int] = given.act
    no_core_dumps()
    try:
        return act(given)
    except GoldseamError as error:
        return _ended(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _ended("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _ended("standard output was closed before everything was said", 1)
    except Exception as error:  # noqa: BLE001 - the outermost: a traceback could show a key
        return _ended(f"a fault in the keyholder itself ({type(error).__name__}); nothing is granted by it", 3)


def new_code(config: Config, plan: str) -> NewCode:
    """A one-time code for a plan that was asked for here and lacks only that; in force from now on.

    Only its hash is kept. Raises UsageError for what is no plan's id, GrantRefused where nobody asked for the plan.
    """
    forms.plan_id(plan)
    journal, now = journal_of(config, signer_of(config)), datetime.now(UTC)
    about = _about(journal.lacking_code(plan, now))
    return NewCode(journal.issue_code(plan, now, config.code_life), about)


def _about(decision: Mapping[str, Json]) -> tuple[str, ...]:
    """What a plan does, from the record of its request; one line for each thing."""
    lines = []
    for word in ("purpose", "resource", "facets", "controls", "calls", "requester", "approvers", "at"):
        held = decision.get(word) or "none"
        lines += [f"{word:<12} {visible(str(item))}" for item in (held if isinstance(held, list) else [held])]
    return tuple(lines)


def opened_door(config: Config) -> GrantServer:
    """The door of a configured keyholder, listening; `serve_forever` answers."""
    from goldseam.clouds.registry import whole_catalog  # noqa: PLC0415
    from goldseam.keyholder.hearing import Keyholder  # noqa: PLC0415
    from goldseam.keyholder.server import GrantServer  # noqa: PLC0415
    from goldseam.model.clock import SystemClock  # noqa: PLC0415 - only `run` needs the cloud

    catalog, signer = whole_catalog(), signer_of(config)
    journal = journal_of(config, signer)
    journal.verified()
    return GrantServer(Keyholder(config, signer, journal, catalog, _in_reach(config, catalog), SystemClock()))


def _in_reach(config: Config, catalog: Catalog) -> Mapping[str, CloudInReach]:
    """The clouds that the configuration has accounts of."""
    from goldseam.clouds.protocol import Access  # noqa: PLC0415
    from goldseam.keyholder.hearing import CloudInReach  # noqa: PLC0415

    found = {}
    for name in dict.fromkeys(config.clouds.values()):
        cloud = clouds()[name]
        account = cloud.open(Access(profile=config.profile), catalog)
        reads = {held: role for held, role in config.read_roles.items() if config.clouds[held] == name}
        found[name] = CloudInReach(cloud, account.minter, account.reader_by_roles(reads, catalog))
    return found


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
    verify = commands.add_parser("verify", help="verify the record from its first entry to its last")
    verify.set_defaults(act=_verify)
    again = commands.add_parser("reseal", help="take a damaged or an older version's record as the record from now on")
    again.add_argument("-m", "--why", required=True, help="why; it stays in the record")
    again.set_defaults(act=_reseal)
    rotate = commands.add_parser("rotate", help="give a role with a rotating code a fresh code, and show it once")
    rotate.add_argument("role", help="the name of the role in its cloud")
    rotate.add_argument("uuid", help="the part of the external id before the colon")
    rotate.add_argument("--profile")
    rotate.set_defaults(act=_rotate)


def _init(given: argparse.Namespace) -> int:
    roles, reads = _pairs(given.account), _pairs(given.read)
    config = set_up(given.config.parent, roles, clouds(), given.listen, given.config.name, reads)
    _say(f"wrote {config.path}", f"this keyholder is {signer_of(config).keyholder_name.text}")
    return 0


def _pairs(given: Sequence[str]) -> dict[str, str]:
    return {account: role for account, _, role in (item.partition("=") for item in given)}


def _trust(given: argparse.Namespace) -> int:
    key = Verifier.parsed(given.key)
    trust(given.config, given.group, given.name, key, clouds())
    _say(f"{given.group} {given.name} is trusted, key {key.fingerprint}; restart the keyholder")
    return 0


def _show(given: argparse.Namespace) -> int:
    config = load_config(given.config, clouds())
    signer = signer_of(config)
    found = summary(config, signer.keyholder_name, journal_of(config, signer))
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
    """Answer requests until a signal comes; then those that were begun are answered, and a second ends it at once."""
    door = opened_door(load_config(given.config, clouds()))
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        del frame
        if came and number != signal.SIGHUP:  # a terminal that closes may send it more than once
            os._exit(128 + number)
        if not came:
            threading.Thread(target=door.shutdown).start()
        came.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
    sys.excepthook = _no_traceback
    threading.excepthook = lambda args: _no_traceback(args.exc_type)
    with door:
        _say(f"listening on {door.url} as {door.keyholder.signer.keyholder_name.text}")
        door.serve_forever(0.1)
        door.finish()
    return 0


def _key(given: argparse.Namespace) -> int:
    config = load_config(given.config, clouds())
    made = new_code(config, given.plan)
    _say(*made.about, made.code, f"for plan {given.plan}, once, within {config.code_life}")
    return 0


def _release(given: argparse.Namespace) -> int:
    config = load_config(given.config, clouds())
    held = _journal(config).release(forms.plan_id(given.plan), datetime.now(UTC), "released by hand")
    _say(f"plan {given.plan} " + ("may be asked for once more" if held else "was not granted here"))
    return 0 if held else 1


def _verify(given: argparse.Namespace) -> int:
    config = load_config(given.config, clouds())
    journal = _journal(config)
    head = journal.verified()
    _say(f"the record is whole: {head.lines} entries, {len(journal.granted())} plans granted, last {head.hash[:16]}")
    return 0


def _reseal(given: argparse.Namespace) -> int:
    config = load_config(given.config, clouds())
    done = reseal(journal_path(config), journal_key(signer_of(config)), given.why, datetime.now(UTC))
    _say(f"kept {done.kept} entries, with {done.claims} plans that stay granted; releases and codes are left out")
    if done.left_out:
        _say(f"left out lines {', '.join(map(str, done.left_out))}: what they granted can be granted again")
    if done.aside is not None:
        _say(f"the old record is kept as {done.aside}")
    return 0


def _journal(config: Config) -> Journal:
    return journal_of(config, signer_of(config))


def _rotate(given: argparse.Namespace) -> int:
    from goldseam.clouds.protocol import Access  # noqa: PLC0415 - only this command needs the cloud
    from goldseam.clouds.registry import cloud_of_role  # noqa: PLC0415

    cloud = cloud_of_role(given.role)
    role = cloud.rotating_role(given.role, given.uuid)
    with cloud.open(Access(profile=given.profile or ""), cloud.catalog()) as account:
        code = account.rotate(role).reveal()["code"]
    _say(code, "is the code from now on; it is shown once")
    return 0


def _no_traceback(kind: type[BaseException], *_: object) -> None:
    _ended(f"a fault in the keyholder itself ({kind.__name__})", 3)


def _say(*lines: str) -> None:
    for line in lines:
        write_line(line)
    sys.stdout.flush()


def _ended(why: str, code: int) -> int:
    with suppress(OSError, AttributeError):  # standard error may be closed, or not be there
        write_error(f"goldseam-keyholder: {why}")
    return code
