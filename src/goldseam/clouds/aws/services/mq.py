"""Amazon MQ: brokers, how they are kept current, and what they write down.

Some changes of a broker are accepted at once and made when it restarts; they stand under `Pending` until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Settings
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value

_BROKER: Final = {"BrokerId": "{id}"}
_DESCRIBE: Final = "mq.DescribeBroker"
_KINDS: Final = ("General", "Audit")


def _named(raw: Json) -> Value:
    return {name: raw[name] for name in _KINDS if raw.get(name) is not None}


def _logs(raw: Json) -> Value:
    """Which logs are written; RabbitMQ has no audit log, and no call may say so."""
    named: dict[str, Json] = _named(raw.get("Logs") or {})
    return {name: on for name, on in named.items() if name in _wanted(raw.get("EngineType", ""))}


def _wanted(engine: str) -> tuple[str, ...]:
    """The logs that an engine has."""
    return _KINDS[:1] if engine.upper() == "RABBITMQ" else _KINDS


def _logs_form(value: Value) -> Value:
    """The general log is off where nothing is said of it."""
    return {"General": False, **(value or {})}


def _restart(answer: Json) -> str:
    waiting = at(answer, "Logs.Pending") or {}
    return f"a restart of the broker, for logs: {', '.join(sorted(waiting))}" if waiting else ""


BROKER: Final = AwsKind(
    "aws.mq.broker",
    "Amazon MQ broker",
    (
        Settings(
            name="settings",
            get=Get(_DESCRIBE, _BROKER),
            modify=Send("mq.UpdateBroker", _BROKER),
            fields={"AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade"},
        ),
        Document(
            name="logs",
            get=Get(_DESCRIBE, _BROKER),
            decode=_logs,
            form=_logs_form,
            waits=_restart,
            put=Send("mq.UpdateBroker", {**_BROKER, "Logs": VALUE}),
        ),
        Look(name="logs_waiting", get=Get(_DESCRIBE, _BROKER, "Logs.Pending"), decode=_named, form=absent_is({})),
        Look(name="engine", listed="EngineType"),
        Look(name="deployment", listed="DeploymentMode"),
        Look(name="public", get=Get(_DESCRIBE, _BROKER, "PubliclyAccessible"), form=bool),
        tags(Get(_DESCRIBE, _BROKER, "Tags")),
    ),
    touched_by=(changes("mq", f"{REQUEST}.broker-id", f"{REQUEST}.brokerId"),),
    address="arn:{partition}:mq:{region}:{account}:broker:*:{id}",
    find=Listing("mq.ListBrokers", "BrokerSummaries", id="BrokerId", address="BrokerArn"),
)


@control(
    "aws.mq.broker.upgraded",
    BROKER,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("the broker restarts in its maintenance window when there is a newer minor version"),
    maps=required("mq_broker_auto_minor_version_upgrades"),
    compliant=[{"settings": {"AutoMinorVersionUpgrade": True}}],
    violating=[
        Example(
            {"settings": {"AutoMinorVersionUpgrade": False}}, leaves={"settings": {"AutoMinorVersionUpgrade": True}}
        )
    ],
)
def upgraded(settings: Mapping[str, Json]) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if settings.get("AutoMinorVersionUpgrade", False):
        return compliant
    return should_be(settings={**settings, "AutoMinorVersionUpgrade": True}, because="minor versions are not installed")


_ALL: Final = dict.fromkeys(_KINDS, True)
_OFF: Final = dict.fromkeys(_KINDS, False)


@control(
    "aws.mq.broker.logged",
    BROKER,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "CloudWatch refuses the log where no resource policy lets Amazon MQ write to `/aws/amazonmq/`; an ActiveMQ "
        "broker begins with its next restart"
    ),
    maps=required("mq_broker_logging_enabled"),
    compliant=[
        {"logs": _ALL, "logs_waiting": {}, "engine": "ACTIVEMQ"},
        {"logs": {"General": True}, "logs_waiting": {}, "engine": "RABBITMQ"},
    ],
    violating=[
        Example({"logs": _OFF, "logs_waiting": {}, "engine": "ACTIVEMQ"}, leaves={"logs": _ALL}),
        Example(
            {"logs": {"General": False}, "logs_waiting": {}, "engine": "RABBITMQ"}, leaves={"logs": {"General": True}}
        ),
        {"logs": _OFF, "logs_waiting": _ALL, "engine": "ACTIVEMQ"},
    ],
)
def logged(logs: Mapping[str, Json], logs_waiting: Mapping[str, Json], engine: str) -> Verdict:
    """A broker writes its logs to CloudWatch, the audit log included where it has one.

    Who changed users, queues and settings in the broker's own console is written down nowhere else.
    """
    off = [name for name in _wanted(engine) if not logs.get(name)]
    if not off:
        return compliant
    because = f"not logged: {', '.join(off)}"
    if all(logs_waiting.get(name) for name in off):
        return violation(
            because=f"{because}; the change is accepted and waits for a restart",
            guide="reboot the broker at a time that suits its clients, or wait for the maintenance window",
        )
    return should_be(logs={**logs, **dict.fromkeys(off, True)}, because=because)


@control(
    "aws.mq.broker.not-public",
    BROKER,
    severity=Severity.HIGH,
    maps=required("mq_broker_not_publicly_accessible"),
    compliant=[{"public": False}],
    violating=[{"public": True}],
)
def not_public(public: bool) -> Verdict:  # noqa: FBT001
    """A broker has no public address.

    With one, its console and its queues are a password away from everyone.
    """
    if not public:
        return compliant
    return violation(
        because="the broker is publicly accessible",
        guide="whether a broker is public is chosen when it is made: make a private one with the same configuration "
        "and users, let producers write to it, let consumers empty this one and move, and delete it",
    )


@control(
    "aws.mq.broker.several-instances",
    BROKER,
    severity=Severity.LOW,
    maps=required("mq_broker_active_deployment_mode", "mq_broker_cluster_deployment_mode"),
    compliant=[
        {"deployment": "ACTIVE_STANDBY_MULTI_AZ", "engine": "ACTIVEMQ"},
        {"deployment": "CLUSTER_MULTI_AZ", "engine": "RABBITMQ"},
    ],
    violating=[
        {"deployment": "SINGLE_INSTANCE", "engine": "ACTIVEMQ"},
        {"deployment": "SINGLE_INSTANCE", "engine": "RABBITMQ"},
    ],
)
def several_instances(deployment: str, engine: str) -> Verdict:
    """A broker has instances in several zones.

    One alone is an outage with its zone, and with every piece of maintenance.
    """
    if deployment != "SINGLE_INSTANCE":
        return compliant
    other = "an active/standby pair" if engine.upper() == "ACTIVEMQ" else "a cluster"
    return violation(
        because="the broker is a single instance",
        guide=f"make {other} with the same configuration and users, let producers write to it, let consumers empty "
        "this one and move, and delete it",
    )
