"""Lightsail: databases and instances, whether everyone reaches them and whether there is a way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Look, Send, absent_is, tags, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings, Switch
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value

_DATABASE: Final = {"relationalDatabaseName": "{id}"}
_BACKUPS: Final = ("disableBackupRetention", "enableBackupRetention")


def _retain(*, on: bool) -> Send:
    return Send("lightsail.UpdateRelationalDatabase", {**_DATABASE, "applyImmediately": True, _BACKUPS[on]: True})


_SETTLED: Final = until("state", "available", "stopped", of="the database")

DATABASE: Final = AwsKind(
    "aws.lightsail.database",
    "Lightsail database",
    (
        Settings(
            name="settings",
            listed="",
            waits=_SETTLED,
            modify=Send("lightsail.UpdateRelationalDatabase", {**_DATABASE, "applyImmediately": True}),
            fields={"publiclyAccessible": "publiclyAccessible"},
        ),
        Switch(
            name="backups",
            listed="backupRetentionEnabled",
            form=bool,
            waits=_SETTLED,
            levels={on: _retain(on=on) for on in (True, False)},
        ),
        tags(listed="tags", key="key", value="value"),
    ),
    touched_by=(changes("lightsail", f"{REQUEST}.relationalDatabaseName"),),
    address="arn:{partition}:lightsail:{region}:{account}:RelationalDatabase/*",
    find=Listing("lightsail.GetRelationalDatabases", "relationalDatabases", id="name", address="arn"),
)


@control(
    "aws.lightsail.database.not-public",
    DATABASE,
    severity=Severity.CRITICAL,
    disrupts=may_disrupt("clients outside Lightsail's network of the account are cut off"),
    maps=required("lightsail_database_public"),
    compliant=[{"settings": {"publiclyAccessible": False}}],
    violating=[Example({"settings": {"publiclyAccessible": True}}, leaves={"settings": {"publiclyAccessible": False}})],
)
def database_not_public(settings: Mapping[str, Json]) -> Verdict:
    """A database has no public address.

    A Lightsail database with one has no firewall before it: a password is all that keeps everyone out.
    """
    if not settings.get("publiclyAccessible", False):
        return compliant
    return should_be(settings={**settings, "publiclyAccessible": False}, because="it is publicly accessible")


@control(
    "aws.lightsail.database.backed-up",
    DATABASE,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "enabling backups can cause an outage of the database, at once",
        source="Amazon Lightsail API Reference, UpdateRelationalDatabase",
    ),
    compliant=[{"backups": True}],
    violating=[Example({"backups": False}, leaves={"backups": True})],
)
def database_backed_up(backups: bool) -> Verdict:  # noqa: FBT001
    """Automatic backups of a database are kept.

    They are the way back from a wrong statement, a bad release and ransom.
    """
    return compliant if backups else should_be(backups=True, because="automatic backups are off")


_SNAPSHOTS: Final = "AutoSnapshot"
_INSTANCE: Final = {"resourceName": "{id}"}


def _snapshots(raw: Json) -> Value:
    return any(item.get("name") == _SNAPSHOTS and item.get("status") == "Enabled" for item in raw)


def _open_ports(raw: Json) -> Value:
    """The ports that everyone reaches, but those of the web, as people write them."""
    wide = [
        port
        for port in raw
        if {"0.0.0.0/0", "::/0"} & {*(port.get("cidrs") or ()), *(port.get("ipv6Cidrs") or ())}
        and (port.get("fromPort"), port.get("toPort")) not in {(80, 80), (443, 443)}
    ]
    return sorted(f"{port.get('protocol')} {port.get('fromPort')}-{port.get('toPort')}" for port in wide)


INSTANCE: Final = AwsKind(
    "aws.lightsail.instance",
    "Lightsail instance",
    (
        Switch(
            name="snapshots",
            listed="addOns",
            decode=_snapshots,
            form=bool,
            levels={
                True: Send("lightsail.EnableAddOn", {**_INSTANCE, "addOnRequest": {"addOnType": _SNAPSHOTS}}, ("*",)),
                False: Send("lightsail.DisableAddOn", {**_INSTANCE, "addOnType": _SNAPSHOTS}, ("*",)),
            },
        ),
        Look(name="ports", listed="networking.ports", decode=_open_ports, form=absent_is([])),
        tags(listed="tags", key="key", value="value"),
    ),
    touched_by=(
        changes("lightsail", f"{REQUEST}.instanceName"),
        changes("lightsail", f"{REQUEST}.resourceName", names=("EnableAddOn", "DisableAddOn")),
    ),
    address="arn:{partition}:lightsail:{region}:{account}:Instance/*",
    find=Listing("lightsail.GetInstances", "instances", id="name", address="arn"),
)


@control(
    "aws.lightsail.instance.snapshotted",
    INSTANCE,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "a snapshot is made every day, and the last seven are charged",
        source="Amazon Lightsail User Guide, Configure automatic snapshots for Lightsail instances and disks",
        noticed_by="those who pay",
    ),
    maps=required("lightsail_instance_automated_snapshots"),
    compliant=[{"snapshots": True}],
    violating=[Example({"snapshots": False}, leaves={"snapshots": True})],
)
def snapshotted(snapshots: bool) -> Verdict:  # noqa: FBT001
    """Snapshots of an instance are made every day.

    They are the way back from a bad release, a wrong deletion and ransom.
    """
    return compliant if snapshots else should_be(snapshots=True, because="no snapshots are made by themselves")


@control(
    "aws.lightsail.instance.ports-closed",
    INSTANCE,
    severity=Severity.HIGH,
    maps=required("lightsail_instance_public"),
    compliant=[{"ports": []}],
    violating=[{"ports": ["tcp 22-22"]}],
)
def ports_closed(ports: list[str]) -> Verdict:
    """Everyone reaches an instance on the ports of the web only.

    Lightsail opens the port for administration to everyone when it makes an instance.
    """
    if not ports:
        return compliant
    return violation(
        because=f"open to everyone: {', '.join(ports)}",
        guide="in the instance's firewall restrict each of these ports to the addresses that need it, or delete its "
        "rule; Lightsail's own browser access to port 22 can be left on beside that",
    )
