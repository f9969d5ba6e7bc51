"""The keyholder's own rules, which no request can change."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from goldseam.clouds.protocol import NameForms
from goldseam.control.dependent import ACCOUNT, REGION
from goldseam.keyholder import forms
from goldseam.keyholder.allow import Rule
from goldseam.keyholder.document import Section, read_document
from goldseam.keyholder.identity import Verifier
from goldseam.model.errors import UsageError
from goldseam.model.values import Json

KEYS: Final = (
    "version", "listen", "tls", "state", "automated", "code_minutes", "accounts", "requesters", "approvers",
    "approvals", "allow", "profile", "region", "source_identity", "read_roles",
)  # fmt: skip
_RULE_KEYS: Final = ("accounts", "kinds", "controls", "actions", "resources", "approvals", "settings")
_VERSION: Final = 1
_MANY: Final = 10
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate chain and the private key that the door shows."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Config:
    """What the keyholder may do, for whom, and with whose leave.

    `roles` maps an account to the remediator role that is assumed in it, `clouds` to the cloud that it is of.
    `automated` is False when every request needs a one-time code from a person on the keyholder's side. `read_roles`
    maps an account to the role that resources in it are read under; without one, nothing there is granted without a
    signed approval.
    """

    path: Path
    host: str
    port: int
    tls: Tls | None
    state: Path
    automated: bool
    code_life: timedelta
    roles: Mapping[str, str]
    clouds: Mapping[str, str]
    requesters: Mapping[str, Verifier]
    approvers: Mapping[str, Verifier]
    approval_life: timedelta
    rules: tuple[Rule, ...]
    profile: str = ""
    region: str = ""
    source_identity: bool = False
    read_roles: Mapping[str, str] = field(default_factory=dict)


def load_config(path: Path, known: Mapping[str, NameForms]) -> Config:
    """The configuration in a file, for the clouds that are known; raises InvalidDocument with the line of a fault."""
    top = read_document(path, KEYS)
    if top.whole("version", 0, 1_000_000) != _VERSION:
        raise top.fault("this keyholder reads `version: 1`", "version")
    host, port = _address(top)
    requesters = _people(top, "requesters", {})
    approvers = _people(top, "approvers", requesters)
    needed, life = _approvals(top)
    roles, clouds = _roles(top, "accounts", known)
    read_roles, more = _roles(top, "read_roles", known) if "read_roles" in top.entries else ({}, {})
    return Config(
        path=path,
        host=host,
        port=port,
        tls=_tls(top, host),
        state=_place(top, "state", "state"),
        automated=top.truth("automated"),
        code_life=timedelta(minutes=top.whole("code_minutes", 1, 24 * 60, 15)),
        roles=roles,
        read_roles=read_roles,
        clouds={**more, **clouds},
        requesters=requesters,
        approvers=approvers,
        approval_life=life,
        rules=tuple(_rule(item, needed, len(approvers), known) for item in top.sections("allow", _RULE_KEYS)),
        profile=top.text("profile", ""),
        region=top.text("region", ""),
        source_identity=top.truth("source_identity", default=False),
    )


def is_loopback(host: str) -> bool:
    """Whether an address never leaves this host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(top: Section) -> tuple[str, int]:
    host, _, port = top.text("listen", "127.0.0.1:7443").rpartition(":")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise top.fault("`listen` must be an address and a port, such as `127.0.0.1:7443`", "listen")
    return host.strip("[]"), int(port)


def _place(section: Section, key: str, default: str | None = None) -> Path:
    """A path in the file: absolute, or below the folder of the file; never through `..`, which would leave it."""
    written = Path(section.text(key, default))
    if ".." in written.parts or not written.parts:
        raise section.fault(f"`{key}` must not hold `..`; write the whole path, or one below this file's folder", key)
    return Path(section.path).parent / written


def _tls(top: Section, host: str) -> Tls | None:
    section = top.section("tls", ("certificate", "key"))
    if section is not None:
        return Tls(_place(section, "certificate"), _place(section, "key"))
    if not is_loopback(host):
        raise top.fault(f"`{host}` is reached from outside this host; give `tls:` a certificate and a key", "listen")
    return None


def _approvals(top: Section) -> tuple[int, timedelta]:
    section = top.section("approvals", ("needed", "valid_hours"))
    if section is None:
        raise top.fault("`approvals` is missing; say how many are `needed`, which may be 0")
    return section.whole("needed", 0, _MANY), timedelta(hours=section.whole("valid_hours", 1, 24 * 31, 24))


def _roles(top: Section, what: str, known: Mapping[str, NameForms]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The role in each account, and the cloud that each account is of."""
    section = top.section(what)
    if section is None or not section.entries:
        raise top.fault(f"`{what}` must name at least one account and its role", what)
    roles = {account: section.text(account) for account in section.entries}
    return roles, {account: _recognized(section, account, role, known) for account, role in roles.items()}


def _recognized(section: Section, account: str, role: str, known: Mapping[str, NameForms]) -> str:
    try:
        return cloud_of_account(account, role, known)
    except UsageError as error:
        raise section.fault(str(error), account) from error


def cloud_of_account(account: str, role: str, known: Mapping[str, NameForms]) -> str:
    """The name of the cloud that an account and a role in it are of; raises UsageError where there is none."""
    faults = []
    for name, cloud in known.items():
        try:
            if cloud.account(account) == cloud.role_account(role):
                return name
        except UsageError as error:
            faults.append(str(error))
        else:
            faults.append(f"`{role}` is no role in account `{account}`")
    raise UsageError("; ".join(faults))


def _people(top: Section, what: str, others: Mapping[str, Verifier]) -> Mapping[str, Verifier]:
    """Names and their public keys.

    One key under two names would count for two, and one key that asks and approves would approve what it asked for:
    `others` are those whose keys none of these may have, whatever the names are.
    """
    section = top.section(what)
    if section is None:
        return {}
    found: dict[str, Verifier] = {}
    for name in section.entries:
        try:
            key = Verifier.parsed(section.text(forms.name(name)))
        except UsageError as error:
            raise section.fault(str(error), name) from error
        if key in found.values():
            raise section.fault(f"the key of `{name}` is given under another name too; remove one", name)
        if asks := next((other for other, held in others.items() if held == key), None):
            msg = (
                f"approver `{name}` has the key of requester `{asks}`; who asks cannot approve, give each their own key"
            )
            raise section.fault(msg, name)
        found[name] = key
    return found


def _rule(section: Section, needed: int, approvers: int, known: Mapping[str, NameForms]) -> Rule:
    for account in section.texts("accounts"):
        _check_pattern(section, account, known)
    made = Rule(
        section.texts("accounts"), section.texts("kinds"), section.texts("controls"), section.texts("actions"),
        section.texts("resources"), section.whole("approvals", 0, _MANY, needed), _settings(section),
    )  # fmt: skip
    if made.approvals > approvers:
        raise section.fault(f"this rule needs {made.approvals} approvals and only {approvers} approvers are known")
    return made


def _check_pattern(section: Section, account: str, known: Mapping[str, NameForms]) -> None:
    """Raise InvalidDocument for what is the pattern of an account in no cloud."""
    faults = []
    for cloud in known.values():
        try:
            cloud.account_pattern(account)
        except UsageError as error:
            faults.append(str(error))
        else:
            return
    raise section.fault("; ".join(faults), "accounts")


def _settings(section: Section) -> Mapping[str, tuple[Json, ...]]:
    """The values of settings, beside the controls' defaults, that need no signed approval."""
    given = section.section("settings")
    if given is None:
        return {}
    return {name: _dependent(given, name) if given.is_section(name) else given.values(name) for name in given.entries}


def _dependent(given: Section, name: str) -> tuple[Json, ...]:
    """The values for each region or account, as a policy gives them; tags are nothing that the keyholder goes by."""
    held = given.section(name, ("by", "values", "default"))
    values = held.section("values") if held else None
    if held is None or values is None or not values.entries:
        raise given.fault(f"`{name}` needs `by` and `values`, or is a list of values", name)
    by = held.text("by")
    if by not in (REGION, ACCOUNT):
        raise held.fault("`by` must be `region` or `account`: the keyholder does not go by tags", "by")
    default = {"default": held.value("default")} if "default" in held.entries else {}
    return ({"by": by, "values": {key: values.value(key) for key in values.entries}, **default},)
