"""Makes the emulator's RDS do what AWS documents, where Goldseam depends on it.

Without this the emulator exports no logs, cannot share snapshots, knows none of the parameters that say how clients
connect, and asks for no right to hand over the role that monitors an instance.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

actions: Any = importlib.import_module("ministack.core.iam_actions")
evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
rds: Any = importlib.import_module("ministack.services.rds")

Parameters = dict[str, Any]
Handler = Callable[[Parameters], Any]

_NO_LOGS: Final = "<EnabledCloudwatchLogsExports/>"
_PARTS: Final = {
    "DBParameterGroupName": "pg",
    "DBClusterParameterGroupName": "cluster-pg",
    "DBSnapshotIdentifier": "snapshot",
    "DBClusterSnapshotIdentifier": "cluster-snapshot",
}
_CONNECTIONS: Final = {
    "aurora-postgresql": {"rds.force_ssl": ("0", "dynamic")},
    "aurora-mysql": {"require_secure_transport": ("OFF", "dynamic")},
    "docdb": {"tls": ("enabled", "static")},
    "postgres": {"rds.force_ssl": ("0", "dynamic")},
    "mysql": {"require_secure_transport": ("0", "dynamic")},
    "sqlserver": {
        "rds.force_ssl": ("0", "static"), "rds.tls10": ("default", "static"), "rds.tls11": ("default", "static"),
    },
}  # fmt: skip
"""By the beginning of a family's name: parameters with their defaults, and when they take effect."""

_ROLE: ContextVar[str] = ContextVar("role", default="")


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    _correct_logs()
    _correct_parameters()
    _correct_permissions()
    for word, store in (("DBSnapshot", rds._snapshots), ("DBClusterSnapshot", rds._db_cluster_snapshots)):
        rds._ACTION_MAP[f"Modify{word}Attribute"] = partial(_share, word, store)
        rds._ACTION_MAP[f"Describe{word}Attributes"] = partial(_shared, word, store)


# --- logs ---


def _correct_logs() -> None:
    for word, store, render in (
        ("DBInstance", rds._instances, "_instance_xml"), ("DBCluster", rds._clusters, "_cluster_xml"),
    ):  # fmt: skip
        setattr(rds, render, partial(_with_logs, getattr(rds, render)))
        for action in (f"Create{word}", f"Modify{word}"):
            rds._ACTION_MAP[action] = partial(_exporting, rds._ACTION_MAP[action], word, store)


def _with_logs(render: Callable[[Any], str], held: Any) -> str:
    members = "".join(f"<member>{name}</member>" for name in held.get("EnabledCloudwatchLogsExports") or ())
    shown = f"<EnabledCloudwatchLogsExports>{members}</EnabledCloudwatchLogsExports>"
    return f"{render(held).replace(_NO_LOGS, '')}{shown}"


def _exporting(handler: Handler, word: str, store: Any, p: Parameters) -> Any:
    answer = handler(p)
    held = store.get(rds._p(p, f"{word}Identifier"))
    if held is not None and answer[0] == 200:  # noqa: PLR2004 - the status of success
        change = "CloudwatchLogsExportConfiguration"
        come = {
            *rds._parse_member_list(p, f"{change}.EnableLogTypes"),
            *rds._parse_member_list(p, "EnableCloudwatchLogsExports"),
        }
        gone = {*rds._parse_member_list(p, f"{change}.DisableLogTypes")}
        held["EnabledCloudwatchLogsExports"] = sorted({*(held["EnabledCloudwatchLogsExports"] or ()), *come} - gone)
    return answer


# --- snapshots ---


def _share(word: str, store: Any, p: Parameters) -> Any:
    held = store.get(rds._p(p, f"{word}Identifier"))
    if held is not None:
        come, gone = (rds._parse_member_list(p, f"Values{change}") for change in ("ToAdd", "ToRemove"))
        held["_restorers"] = sorted({*held.get("_restorers", ()), *come} - {*gone})
    return _shared(word, store, p, action=f"Modify{word}Attribute")


def _shared(word: str, store: Any, p: Parameters, action: str = "") -> Any:
    name, action = rds._p(p, f"{word}Identifier"), action or f"Describe{word}Attributes"
    if name not in store:
        return rds._error(f"{word}NotFound", f"{word} {name} not found.", 404)
    values = "".join(f"<AttributeValue>{value}</AttributeValue>" for value in store[name].get("_restorers", ()))
    attribute = f"<AttributeName>restore</AttributeName><AttributeValues>{values}</AttributeValues>"
    inner = (
        f"<{word}AttributesResult><{word}Identifier>{name}</{word}Identifier><{word}Attributes><{word}Attribute>"
        f"{attribute}</{word}Attribute></{word}Attributes></{word}AttributesResult>"
    )
    return rds._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


# --- parameters ---


def _correct_parameters() -> None:
    general = rds._default_parameters_for_family

    def of_family(family: str) -> list[dict[str, Any]]:
        known = next((held for start, held in _CONNECTIONS.items() if family.startswith(start)), {})
        added = [
            {
                "name": name, "default": value, "description": "How clients connect", "apply_type": applied,
                "data_type": "string", "modifiable": True,
            }
            for name, (value, applied) in known.items()
        ]  # fmt: skip
        return [*general(family), *added]

    rds._default_parameters_for_family = of_family


# --- permissions ---


def _correct_permissions() -> None:
    """The ARNs of groups and snapshots, and the right to hand over a role."""
    general, enforce = actions.extract_resource_arn, evaluator.enforce

    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        _ROLE.set(actions._query_param(query, "MonitoringRoleArn") or "" if service == "rds" else "")
        for member, part in _PARTS.items() if service == "rds" else ():
            if name := actions._query_param(query, member):
                return f"arn:aws:rds:{region}:{account}:{part}:{name}"
        return general(service, method, path, headers, body, query, region, account)

    def enforced(key_id: str, action: str, service: str, region: str, *rest: Any, **more: Any) -> Any:
        result, role = enforce(key_id, action, service, region, *rest, **more), _ROLE.get()
        if result is None and role and action == "rds:ModifyDBInstance":
            return enforce(key_id, "iam:PassRole", "iam", region, resource_arn=role)
        return result

    actions.extract_resource_arn, evaluator.enforce = named, enforced
