"""What a person does on the keyholder's side before and between requests: set it up, trust a key, look at it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from goldseam.clouds.protocol import Cloud, NameForms
from goldseam.keyholder import forms
from goldseam.keyholder.chain import replace_file
from goldseam.keyholder.config import Config, cloud_of_account, load_config
from goldseam.keyholder.document import Section, read_document
from goldseam.keyholder.identity import KeyholderName, PrivateKey, Verifier
from goldseam.keyholder.journal import Journal
from goldseam.model.errors import HomeError, UsageError
from goldseam.model.values import Json

CONFIG: Final = "keyholder.yaml"
_KEY: Final = "keyholder.key"
_JOURNAL: Final = "journal.jsonl"
_GROUPS: Final = {"requester": "requesters", "approver": "approvers"}

_TEMPLATE: Final = """\
# The keyholder's own rules. No request can change them; docs/keyholder.md explains each.
version: 1
listen: {listen}
state: state

# false: every grant needs a one-time code that a person makes with `goldseam-keyholder key <plan>`.
automated: false

# The role that is assumed in each account.
accounts:
{accounts}
# The role that each account is read under, before anything is granted there. Without one, every grant needs a signed
# approval.
{read_roles}
# Who may ask: `goldseam-keyholder trust requester <name> <key>`.
requesters: {{}}

# Who may approve: `goldseam-keyholder trust approver <name> <key>`.
approvers: {{}}
approvals:
  needed: 0
  valid_hours: 24

# What may be granted. Nothing, until something is listed.
allow: []
#  - accounts: ["*"]
{example}"""


def set_up(
    folder: Path,
    roles: Mapping[str, str],
    clouds: Mapping[str, Cloud],
    listen: str = "127.0.0.1:7443",
    name: str = CONFIG,
    read_roles: Mapping[str, str] | None = None,
) -> Config:
    """A new keyholder in a folder: its key, an empty record and a configuration that allows nothing yet.

    Raises HomeError, UsageError; then nothing was written.
    """
    path = folder / name
    if path.exists():
        msg = f"`{path}` exists; edit it, or choose another folder"
        raise HomeError(msg)
    if not roles:
        msg = "no account is given; add `--account <id>=<role>`"
        raise UsageError(msg)
    reads = f"read_roles:\n{_lines(read_roles, clouds)}" if read_roles else "# read_roles:\n"
    accounts, example = _lines(roles, clouds), _example(roles, clouds)
    _write(path, _TEMPLATE.format(listen=listen, accounts=accounts, read_roles=reads, example=example))
    try:
        config = load_config(path, clouds)
    except UsageError:
        path.unlink()
        raise
    signer = signer_of(config, create=True)
    Journal(journal_path(config), journal_key(signer), create=True).verified()
    return config


def _lines(roles: Mapping[str, str], clouds: Mapping[str, Cloud]) -> str:
    """A line for each account and its role, checked; raises UsageError."""
    for account, role in roles.items():
        cloud_of_account(account, role, clouds)
    return "".join(f'  "{account}": {role}\n' for account, role in roles.items())


def _example(roles: Mapping[str, str], clouds: Mapping[str, Cloud]) -> str:
    """A rule of the first account's cloud, as comments."""
    example = clouds[cloud_of_account(*next(iter(roles.items())), clouds)].rule_example
    return "".join(f'#    {name}: ["{pattern}"]\n' for name, pattern in example.items())


def signer_of(config: Config, *, create: bool = False) -> PrivateKey:
    """The keyholder's own key; raises HomeError, and UsageError where a requester or an approver has the same one."""
    path = config.state / _KEY
    signer = PrivateKey.load_or_create(path) if create else PrivateKey.load(path)
    if path.parent.stat().st_mode & 0o022:
        msg = f"others may write to `{path.parent}`, where the keyholder's key and record are; run `chmod 700` on it"
        raise HomeError(msg)
    for name, key in (*config.requesters.items(), *config.approvers.items()):
        if key == signer.verifier:
            msg = f"the key of `{name}` is the keyholder's own; give `{name}` a key of their own"
            raise UsageError(msg)
    return signer


def journal_of(config: Config, signer: PrivateKey) -> Journal:
    """The keyholder's record, authenticated with its own key."""
    return Journal(journal_path(config), journal_key(signer))


def journal_path(config: Config) -> Path:
    """Where the record is."""
    return config.state / _JOURNAL


def journal_key(signer: PrivateKey) -> bytes:
    """What authenticates the record."""
    return signer.secret_for("record")


def trust(path: Path, group: str, name: str, key: Verifier, clouds: Mapping[str, NameForms]) -> Config:
    """Write a requester's or approver's key into the configuration, which else stays as it is.

    Raises UsageError for a name that is taken, InvalidDocument.
    """
    known = load_config(path, clouds)
    word = _GROUPS[group]
    held = known.requesters if group == "requester" else known.approvers
    if name in held:
        msg = f"there is a {group} `{name}` already; remove its line from `{path}` first"
        raise UsageError(msg)
    forms.name(name)
    before = path.read_text(encoding="utf-8")
    _write(path, _with_line(path, before, word, f'  "{name}": {key.text}'))
    try:
        changed = load_config(path, clouds)
        signer_of(changed)
    except (UsageError, HomeError):
        _write(path, before)
        raise
    return changed


def summary(config: Config, name: KeyholderName, journal: Journal) -> dict[str, Json]:
    """What the keyholder is and does, without secrets."""
    return {
        "name": name.text,
        "fingerprint": name.verifier.fingerprint,
        "listen": f"{config.host}:{config.port}",
        "tls": config.tls is not None,
        "automated": config.automated,
        "accounts": dict(config.roles),
        "read_roles": dict(config.read_roles),
        "requesters": {who: key.fingerprint for who, key in config.requesters.items()},
        "approvers": {who: key.fingerprint for who, key in config.approvers.items()},
        "rules": len(config.rules),
        "decisions": [dict(entry) for entry in journal.decisions()[-10:]],
    }


def _with_line(path: Path, text: str, word: str, line: str) -> str:
    """The text with one more line at the head of a section, which is opened when it is empty or missing."""
    lines = text.splitlines()
    node = read_document(path).entries.get(word)
    if node is None:
        return "\n".join([*lines, f"{word}:", line, ""])
    start = node.start_mark
    if Section.of(str(path), node).entries:
        lines.insert(start.line, " " * start.column + line.strip())
    else:
        lines[start.line : node.end_mark.line + 1] = [f"{word}:", line]
    return "\n".join([*lines, ""])


def _write(path: Path, text: str) -> None:
    """Replace the file by a whole new one that only its owner may read, or leave it as it was; raises HomeError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, text.encode())
    except OSError as error:
        msg = f"`{path}` cannot be written ({error.strerror}); choose another folder"
        raise HomeError(msg) from error
