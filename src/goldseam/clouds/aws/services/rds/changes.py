"""How databases take changes: which settings change at once, which wait for the maintenance window, and what waits.

`ModifyDBInstance` and `ModifyDBCluster` with `ApplyImmediately` carry out everything that waits for the maintenance
window, such as a new instance class with its outage. So settings which RDS applies at once in any case are written
without it, and those which need it are only written when nothing else waits. One call writes them all: a database in
motion refuses a second one. Sources: RDS User Guide, "Modifying an Amazon RDS DB instance", the table of settings and
"Using the schedule modifications setting"; RDS API Reference, "ModifyDBCluster".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from goldseam.clouds.aws.facet import Look, Send, absent_is
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Call, Step, Verdict, may_disrupt, should_be, violation
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

LOGS: Final = "EnabledCloudwatchLogsExports"
INTERVAL: Final = "MonitoringInterval"
ROLE: Final = "MonitoringRoleArn"
RETENTION: Final = "BackupRetentionPeriod"
IAM: Final = "IAMDatabaseAuthenticationEnabled"
STATEMENTS_COPIED: Final = may_disrupt(
    "where the general, slow query or audit log is switched on, its statements, with the data in them, can be read by "
    "who may read the log group, and CloudWatch Logs charges by volume for a copy of each",
    source="Amazon RDS User Guide, Publishing MySQL logs to Amazon CloudWatch Logs",
)
"""What the export of logs does beside keeping them; the change itself causes no downtime."""

_PARAMETERS: Final[Mapping[str, str]] = {
    LOGS: "CloudwatchLogsExportConfiguration",
    IAM: "EnableIAMDatabaseAuthentication",
}
_PENDING: Final[Mapping[str, str]] = {LOGS: "PendingCloudwatchLogsExports"}
_STATUS: Final = ("DBInstanceStatus", "Status", "ReplicationInstanceStatus")
_IN_MOTION: Final = (
    "configuring-", "converting-", "creating", "maintenance", "modifying", "moving-to-vpc", "rebooting", "renaming",
    "resetting-", "starting", "upgrading",
)  # fmt: skip
"""How the names of states begin in which an accepted change may not be made yet."""


def waits(raw: Json, fields: Iterable[str], of: str = "instance") -> str:
    """What an accepted change of these fields still waits for; empty when nothing does."""
    names = {_PENDING.get(name, name) for name in fields}
    if waiting := sorted(names & {*(raw.get("PendingModifiedValues") or ())}):
        return f"the maintenance window or a restart, for {', '.join(waiting)}"
    status = next((str(raw[name]) for name in _STATUS if raw.get(name)), "")
    return f"the {of}, which is {status}" if status.startswith(_IN_MOTION) else ""


@dataclass(frozen=True)
class DatabaseSettings(Settings):
    """The settings of a database, written by one call.

    `scheduled` are those that wait for the maintenance window unless they are applied immediately.
    """

    scheduled: frozenset[str] = field(default=frozenset(), kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One modify with the fields that differ, applied immediately only where one of them would wait."""
        return tuple(
            replace(step, call=self._call(step.call, before, after)) for step in super().write(ref, before, after)
        )

    def _call(self, call: Call, before: Value, after: Value) -> Call:
        sent = dict(call.parameters)
        if _PARAMETERS[LOGS] in sent:
            sent[_PARAMETERS[LOGS]] = _log_change(before[LOGS], after[LOGS])
        if ROLE in sent and not after[ROLE]:
            del sent[ROLE]
        elif ROLE in sent:
            sent[INTERVAL] = after[INTERVAL]
        if any(before.get(name) != after.get(name) for name in self.scheduled):
            sent["ApplyImmediately"] = True
        return replace(call, parameters=sent)


def _log_change(before: Iterable[str], after: Iterable[str]) -> Json:
    parts = {
        "EnableLogTypes": sorted({*after} - {*before}),
        "DisableLogTypes": sorted({*before} - {*after}),
    }
    return {name: types for name, types in parts.items() if types}


def settings(modify: Send, fields: tuple[str, ...], *, of: str, scheduled: Iterable[str] = ()) -> DatabaseSettings:
    """The settings with these names in the listing."""
    return DatabaseSettings(
        name="settings", listed="", waits=partial(waits, fields=fields, of=of), modify=modify,
        fields={name: _PARAMETERS.get(name, name) for name in fields}, form=partial(_form, fields),
        scheduled=frozenset(scheduled),
    )  # fmt: skip


def _form(fields: tuple[str, ...], value: Value) -> Value:
    """Logs in order, and no role where nothing is monitored: RDS leaves out what was never set."""
    held = {} if value is ABSENT else dict(value)
    if LOGS in fields:
        held[LOGS] = sorted(held.get(LOGS) or ())
    if INTERVAL in fields:
        held[INTERVAL] = held.get(INTERVAL) or 0
        held[ROLE] = held.get(ROLE, "") if held[INTERVAL] else ""
    return held


def _without_passwords(raw: Mapping[str, Json]) -> Value:
    return {name: "waits" if "Password" in name else value for name, value in raw.items()}


WAITING: Final = Look(name="waiting", listed="PendingModifiedValues", decode=_without_passwords, form=absent_is({}))
"""What waits for the maintenance window; of a password only that it waits."""


def scheduled(
    settings: Mapping[str, Json], waiting: Mapping[str, Json], field: str, value: Json, because: str
) -> Verdict:
    """The verdict that a scheduled setting should have a value, unless that, or something else, waits already."""
    if waiting.get(field) == value:
        return violation(
            because=f"{because}; the change is accepted and waits for the maintenance window",
            guide="wait for the maintenance window, or reboot the instance",
        )
    if others := sorted(set(waiting) - {field}):
        return violation(
            because=f"{because}; {', '.join(others)} waits, and would be changed at once as well",
            guide="let what waits be applied or take it back, then repair this",
        )
    return should_be(settings={**settings, field: value}, because=because)
