"""Transfer Family: servers, what they speak, and what they write down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Look, Send, tags, until
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import LogGroupArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_SERVER: Final = {"ServerId": "{id}"}
_DESCRIBE: Final = "transfer.DescribeServer"
_FIELDS: Final = ("Protocols", "SecurityPolicyName", "StructuredLogDestinations")
_UNSAID: Final[Mapping[str, Json]] = {
    "Protocols": ["SFTP"],
    "SecurityPolicyName": "TransferSecurityPolicy-2018-11",
    "StructuredLogDestinations": [],
}
"""What a server has that was made without a word on it (Transfer Family API Reference, CreateServer)."""


def _form(value: Value) -> Value:
    held = {**_UNSAID, **(value or {})}
    return {name: sorted(item) if isinstance(item, list) else item for name, item in held.items()}


SERVER: Final = AwsKind(
    "aws.transfer.server",
    "Transfer Family server",
    (
        Settings(
            name="settings",
            get=Get(_DESCRIBE, _SERVER, "Server"),
            waits=until("Server.State", "ONLINE", "OFFLINE", of="the server"),
            modify=Send("transfer.UpdateServer", _SERVER),
            fields={name: name for name in _FIELDS},
            form=_form,
        ),
        Look(name="log_role", get=Get(_DESCRIBE, _SERVER, "Server.LoggingRole")),
        tags(Get(_DESCRIBE, _SERVER, "Server.Tags")),
    ),
    touched_by=(changes("transfer", f"{REQUEST}.serverId", f"{ANSWER}.serverId"),),
    address="arn:{partition}:transfer:{region}:{account}:server/{id}",
    find=Listing("transfer.ListServers", "Servers", id="ServerId"),
)

_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/transfer/files:*"
_NEWEST: Final = "TransferSecurityPolicy-2025-03"
_GOOD: Final = {
    "Protocols": ["SFTP"],
    "SecurityPolicyName": _NEWEST,
    "StructuredLogDestinations": [_GROUP],
}


@control(
    "aws.transfer.server.no-plain-ftp",
    SERVER,
    severity=Severity.HIGH,
    disrupts=may_disrupt("clients that speak FTP without TLS are cut off; the other protocols of the server stay"),
    maps=required("transfer_server_in_transit_encryption_enabled"),
    compliant=[{"settings": _GOOD}],
    violating=[
        Example(
            {"settings": {**_GOOD, "Protocols": ["FTP", "FTPS", "SFTP"]}},
            leaves={"settings": {**_GOOD, "Protocols": ["FTPS", "SFTP"]}},
        ),
        {"settings": {**_GOOD, "Protocols": ["FTP"]}},
    ],
)
def no_plain_ftp(settings: Mapping[str, Json]) -> Verdict:
    """A server does not speak FTP in clear.

    Passwords and files cross the network readable for whoever is on the path.
    """
    if "FTP" not in settings["Protocols"]:
        return compliant
    left = [name for name in settings["Protocols"] if name != "FTP"]
    if not left:
        return violation(
            because="FTP in clear is the only protocol",
            guide="make SFTP work beside it for the same users (keys or an identity provider), or FTPS with a "
            "certificate, move the clients, then repair this",
        )
    return should_be(settings={**settings, "Protocols": left}, because="the server speaks FTP in clear")


_WEAK: Final = (
    "TransferSecurityPolicy-2018-11",
    "TransferSecurityPolicy-2020-06",
    "TransferSecurityPolicy-FIPS-2020-06",
)


@control(
    "aws.transfer.server.strong-ciphers",
    SERVER,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("old clients that know none of the algorithms of the newer policy cannot connect"),
    compliant=[
        {"settings": _GOOD},
        {"settings": {**_GOOD, "SecurityPolicyName": "TransferSecurityPolicy-FIPS-2024-01"}},
    ],
    violating=[
        Example(
            {"settings": {**_GOOD, "SecurityPolicyName": _WEAK[0]}},
            leaves={"settings": {**_GOOD, "SecurityPolicyName": "TransferSecurityPolicy-2024-01"}},
        ),
        Example(
            {"settings": {**_GOOD, "SecurityPolicyName": _WEAK[2]}},
            leaves={"settings": {**_GOOD, "SecurityPolicyName": "TransferSecurityPolicy-FIPS-2024-01"}},
        ),
    ],
)
def strong_ciphers(settings: Mapping[str, Json]) -> Verdict:
    """A server offers no outdated algorithms.

    The oldest policies, one of which is what a server has that was made without a word on it, still take SHA-1 and
    group 14 of Diffie and Hellman.
    """
    found = settings["SecurityPolicyName"]
    if found not in _WEAK:
        return compliant
    wanted = f"TransferSecurityPolicy-{'FIPS-' if 'FIPS' in found else ''}2024-01"
    return should_be(settings={**settings, "SecurityPolicyName": wanted}, because=f"the security policy is {found}")


_MARKS: Final = ("-2025-", "PQ-SSH", "AS2Restricted-2025")


@control(
    "aws.transfer.server.post-quantum",
    SERVER,
    severity=Severity.LOW,
    disrupts=may_disrupt("old clients that know none of the algorithms of the newer policy cannot connect"),
    maps=required("transfer_server_pqc_ssh_kex_enabled"),
    compliant=[
        {"settings": _GOOD},
        {"settings": {**_GOOD, "Protocols": ["FTPS"], "SecurityPolicyName": "TransferSecurityPolicy-2024-01"}},
    ],
    violating=[
        Example(
            {"settings": {**_GOOD, "SecurityPolicyName": "TransferSecurityPolicy-2024-01"}},
            leaves={"settings": _GOOD},
        ),
        Example(
            {"settings": {**_GOOD, "SecurityPolicyName": "TransferSecurityPolicy-FIPS-2024-01"}},
            leaves={"settings": {**_GOOD, "SecurityPolicyName": "TransferSecurityPolicy-FIPS-2025-03"}},
        ),
    ],
)
def post_quantum(settings: Mapping[str, Json]) -> Verdict:
    """A server that speaks SFTP offers a key exchange that quantum computers do not break.

    What is recorded today can be read when there are such computers. Clients that do not know it go on with the others.
    """
    found = settings["SecurityPolicyName"]
    if "SFTP" not in settings["Protocols"] or any(mark in found for mark in _MARKS):
        return compliant
    wanted = f"TransferSecurityPolicy-{'FIPS-' if 'FIPS' in found else ''}2025-03"
    because = f"{found} has no post-quantum key exchange"
    return should_be(settings={**settings, "SecurityPolicyName": wanted}, because=because)


@control(
    "aws.transfer.server.logged",
    SERVER,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "events of the server are sent to the log group, where CloudWatch Logs charges by volume; transfers go "
        "on as before",
        source="AWS Transfer Family User Guide, Amazon CloudWatch logging for AWS Transfer Family servers",
        noticed_by="those who pay",
    ),
    compliant=[
        {"settings": _GOOD, "log_role": ABSENT},
        {"settings": {**_GOOD, "StructuredLogDestinations": []}, "log_role": "arn:aws:iam::123456789012:role/log"},
    ],
    violating=[
        {"settings": {**_GOOD, "StructuredLogDestinations": []}, "log_role": ABSENT},
        Example(
            {"settings": {**_GOOD, "StructuredLogDestinations": []}, "log_role": ABSENT},
            {"log_group": _GROUP.removesuffix(":*")},
            leaves={"settings": _GOOD},
        ),
    ],
)
def logged(settings: Mapping[str, Json], log_role: Value, *, log_group: LogGroupArn = "") -> Verdict:
    """What users of a server do is logged.

    Who fetched which file, and who tried passwords, is written down nowhere else. `log_group` is the name or ARN
    of a log group.
    """
    if settings["StructuredLogDestinations"] or log_role is not ABSENT:
        return compliant
    because = "nothing that users do is logged"
    if not log_group:
        guide = "make a log group under `/aws/transfer/`, and give its ARN in a policy as the setting `log_group`"
        return violation(because=because, guide=guide)
    return should_be(settings={**settings, "StructuredLogDestinations": [f"{log_group}:*"]}, because=because)
