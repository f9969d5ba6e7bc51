"""Task definitions: what containers may do to the machine, and what their definition gives away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Look, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import listed, secret_variables
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import Json, Value

_FAMILY: Final = {"taskDefinition": "{id}", "include": ["TAGS"]}
_ROOT: Final = ("", "root", "0")


def _described(path: str) -> Get:
    return Get("ecs.DescribeTaskDefinition", _FAMILY, path)


def _container(raw: Mapping[str, Json]) -> Json:
    """What rules are about; of the environment, the names that look like secrets."""
    log = raw.get("logConfiguration") or {}
    return {
        "Name": raw.get("name", ""),
        "Privileged": bool(raw.get("privileged")),
        "ReadOnly": bool(raw.get("readonlyRootFilesystem")),
        "User": str(raw.get("user") or "").partition(":")[0],
        "LogDriver": log.get("logDriver", ""),
        "LogMode": (log.get("options") or {}).get("mode", ""),
        "Secrets": secret_variables({item["name"]: item.get("value", "") for item in raw.get("environment") or []}),
    }


def _containers(raw: Json) -> Value:
    return sorted(map(_container, raw), key=lambda container: str(container["Name"]))


def _sharing(raw: Mapping[str, Json]) -> Value:
    """What tasks share with the machine, and whether that runs Windows."""
    system = (raw.get("runtimePlatform") or {}).get("operatingSystemFamily") or ""
    shared = {name: raw.get(name) or "" for name in ("networkMode", "pidMode", "ipcMode")}
    return {**shared, "Windows": system.startswith("WINDOWS")}


TASK_DEFINITION: Final = AwsKind(
    "aws.ecs.task-definition",
    "ECS task definition",
    (
        Look(name="containers", get=_described("taskDefinition.containerDefinitions"), decode=_containers),
        Look(name="sharing", get=_described("taskDefinition"), decode=_sharing),
        tags(_described("tags"), key="key", value="value"),
    ),
    touched_by=(
        changes("ecs", f"{REQUEST}.family", f"{ANSWER}.taskDefinition.family"),
        changes("ecs", f"{REQUEST}.taskDefinition", id="(?:arn:.+:task-definition/)?([^:/]+)(?::[0-9]+)?"),
    ),
    address="arn:{partition}:ecs:{region}:{account}:task-definition/{id}",
    find=Listing("ecs.ListTaskDefinitionFamilies", "families", parameters={"status": "ACTIVE"}),
)

_GOOD: Final = {
    "Name": "app", "Privileged": False, "ReadOnly": True, "User": "1000", "LogDriver": "awslogs", "LogMode": "",
    "Secrets": [],
}  # fmt: skip
_SIDECAR: Final = {**_GOOD, "Name": "proxy"}
_OWN: Final = {"networkMode": "awsvpc", "pidMode": "", "ipcMode": "", "Windows": False}
_REVISION: Final = (
    "register a new revision of the task definition (`aws ecs describe-task-definition`, the change, `aws ecs "
    "register-task-definition`), {change}; try it in a test cluster, then deploy it with `aws ecs update-service "
    "--task-definition …`, from the code that holds the definition where there is one; going back is deploying the "
    "revision before"
)


def _with(**changed: Json) -> list[Json]:
    """A container that is changed, beside one that is as it should be."""
    return [{**_GOOD, **changed}, _SIDECAR]


def _those(containers: Iterable[Mapping[str, Json]], offends: Callable[[Mapping[str, Json]], bool]) -> str:
    return listed(container["Name"] for container in containers if offends(container))


def _verdict(names: str, because: str, change: str) -> Verdict:
    """The violation of the named containers, when there are any."""
    return violation(because=because.format(names), guide=_REVISION.format(change=change)) if names else compliant


@control(
    "aws.ecs.task-definition.no-privileged-containers",
    TASK_DEFINITION,
    severity=Severity.HIGH,
    maps=required("ecs_task_definitions_no_privileged_containers"),
    compliant=({"containers": _with()},),
    violating=({"containers": _with(Privileged=True)},),
)
def no_privileged(containers: list[Json]) -> Verdict:
    """No container of the task is privileged.

    A privileged container can do all that root of the machine can, to the other tasks on it as well.
    """
    names = _those(containers, lambda container: container["Privileged"])
    return _verdict(
        names, "{} may do all that root may", "without `privileged`, and with the single capabilities instead"
    )


@control(
    "aws.ecs.task-definition.read-only-root",
    TASK_DEFINITION,
    severity=Severity.MEDIUM,
    maps=required("ecs_task_definitions_containers_readonly_access"),
    covers=("security-hub:ECS.5",),
    compliant=(
        {"containers": _with(), "sharing": _OWN},
        {"containers": _with(ReadOnly=False), "sharing": {**_OWN, "Windows": True}},
    ),
    violating=({"containers": _with(ReadOnly=False), "sharing": _OWN},),
)
def read_only_root(containers: list[Json], sharing: Mapping[str, Json]) -> Verdict:
    """Containers cannot change their own root file system.

    An intruder then has nowhere to put tools. Windows containers cannot be made so.
    """
    names = "" if sharing["Windows"] else _those(containers, lambda container: not container["ReadOnly"])
    return _verdict(
        names,
        "{} can write to the root file system",
        "with `readonlyRootFilesystem` true, and a volume for each directory that the program writes to",
    )


@control(
    "aws.ecs.task-definition.no-secrets-in-environment",
    TASK_DEFINITION,
    severity=Severity.CRITICAL,
    maps=required("ecs_task_definitions_no_environment_secrets"),
    compliant=({"containers": _with()},),
    violating=({"containers": _with(Secrets=["DB_PASSWORD"])}, {"containers": _with(Secrets=["ECS_ENGINE_AUTH_DATA"])}),
)
def no_secrets(containers: list[Json]) -> Verdict:
    """No variable of a container holds a secret in clear text.

    Everyone who may describe task definitions reads them, in old revisions as well. `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY` and `ECS_ENGINE_AUTH_DATA` are secrets whatever their value (Security Hub ECS.8).
    """
    found = [f"{item['Name']}: {name}" for item in containers for name in item["Secrets"]]
    return _verdict(
        listed(found),
        "{} look like secrets in clear text",
        "with the secret in Secrets Manager or a SecureString parameter, named under `secrets` instead of "
        "`environment`, and the execution role allowed to read it; change the secret itself, as it was readable",
    )


@control(
    "aws.ecs.task-definition.logged",
    TASK_DEFINITION,
    severity=Severity.MEDIUM,
    maps=required("ecs_task_definitions_logging_enabled"),
    compliant=({"containers": _with()},),
    violating=({"containers": _with(LogDriver="")},),
)
def tasks_logged(containers: list[Json]) -> Verdict:
    """What containers print is kept.

    Without a log driver it is gone with the task.
    """
    names = _those(containers, lambda container: not container["LogDriver"])
    return _verdict(names, "{} has no log driver", "with a `logConfiguration` (`awslogs` with a group and a region)")


@control(
    "aws.ecs.task-definition.logs-without-waiting",
    TASK_DEFINITION,
    severity=Severity.LOW,
    maps=required("ecs_task_definitions_logging_block_mode"),
    compliant=({"containers": _with()}, {"containers": _with(LogMode="non-blocking")}),
    violating=({"containers": _with(LogMode="blocking")},),
)
def logs_without_waiting(containers: list[Json]) -> Verdict:
    """Containers do not stand still while their log cannot be delivered.

    In blocking mode an outage of the log service is an outage of the task. Where no mode is set the account's default
    counts, which is non-blocking.
    """
    names = _those(containers, lambda container: container["LogMode"] == "blocking")
    return _verdict(names, "{} waits for its log", "with the log option `mode` set to `non-blocking`")


@control(
    "aws.ecs.task-definition.own-namespaces",
    TASK_DEFINITION,
    severity=Severity.HIGH,
    maps=required("ecs_task_definitions_host_namespace_not_shared"),
    compliant=({"sharing": _OWN}, {"sharing": {**_OWN, "pidMode": "task"}}),
    violating=({"sharing": {**_OWN, "pidMode": "host"}}, {"sharing": {**_OWN, "ipcMode": "host"}}),
)
def own_namespaces(sharing: Mapping[str, Json]) -> Verdict:
    """The task sees processes and memory of its own only.

    In the machine's own namespace it sees, and can stop, those of all other tasks.
    """
    names = listed(name for name in ("pidMode", "ipcMode") if sharing[name] == "host")
    return _verdict(names, "{} is `host`", "with the mode `task`, or none")


@control(
    "aws.ecs.task-definition.no-root-on-host-network",
    TASK_DEFINITION,
    severity=Severity.HIGH,
    maps=required("ecs_task_definitions_host_networking_mode_users"),
    compliant=(
        {"containers": _with(User=""), "sharing": _OWN},
        {"containers": _with(), "sharing": {**_OWN, "networkMode": "host"}},
    ),
    violating=(
        {"containers": _with(User=""), "sharing": {**_OWN, "networkMode": "host"}},
        {"containers": _with(User="root"), "sharing": {**_OWN, "networkMode": "host"}},
    ),
)
def no_root_on_host_network(containers: list[Json], sharing: Mapping[str, Json]) -> Verdict:
    """No container in the machine's own network runs as root.

    There root reaches everything that listens on the machine, and takes ports that others should have.
    """
    on_host = sharing["networkMode"] == "host"
    names = _those(containers, lambda container: container["User"] in _ROOT) if on_host else ""
    return _verdict(
        names, "{} runs as root in the machine's network", "with the network mode `awsvpc`, or another `user`"
    )
