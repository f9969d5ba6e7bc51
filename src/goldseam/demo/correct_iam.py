"""Makes the emulator's IAM do what AWS documents, where Goldseam depends on it.

Names the resources of some actions as the service authorization reference does, remembers when a key was last used,
replaces the password policy instead of merging into it, and takes loopback for TLS, so that a statement that denies
plain HTTP leaves the emulator's clients alone as it leaves AWS's. One thing is for the demo alone: the tag
`demo:age-days` on a user back-dates the user and its keys, because no API can make an old key.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

app: Any = importlib.import_module("ministack.app")
actions: Any = importlib.import_module("ministack.core.iam_actions")
evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
iam: Any = importlib.import_module("ministack.services.iam")

AGE_TAG: Final = "demo:age-days"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"

Parameters = dict[str, Any]


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    _correct_resource_names()
    _remember_use()
    _back_date()
    _replace_password_policy()
    pin = evaluator.pin_request_origin
    app.pin_request_origin = lambda address, _: pin(address, secure_transport=True)


# --- resource names ---


def _correct_resource_names() -> None:
    general = actions.extract_resource_arn

    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        special = _NAMES.get(service)
        name = special(query, body, region, account) if special else None
        return name or general(service, method, path, headers, body, query, region, account)

    actions.extract_resource_arn = named


def _copy_name(query: Any, _: bytes, region: str, __: str) -> str | None:
    """The ARN of a snapshot, and of an image, has no account."""
    if actions._query_param(query, "Action").endswith("ImageAttribute"):
        return f"arn:aws:ec2:{region}::image/{actions._query_param(query, 'ImageId')}"
    name = actions._query_param(query, "SnapshotId")
    return f"arn:aws:ec2:{region}::snapshot/{name}" if name else None


def _topic_name(query: Any, _: bytes, __: str, ___: str) -> str | None:
    return actions._query_param(query, "ResourceArn") or None


def _database_name(query: Any, _: bytes, region: str, account: str) -> str | None:
    if actions._query_param(query, "Action") == "DescribeDBInstances":
        name = actions._query_param(query, "DBInstanceIdentifier") or "*"
        return f"arn:aws:rds:{region}:{account}:db:{name}"
    return actions._query_param(query, "ResourceName") or None


def _trail_name(_: Any, body: bytes, __: str, ___: str) -> str | None:
    try:
        listed = json.loads(body or b"{}").get("ResourceIdList") or [None]
    except (ValueError, AttributeError):
        return None
    return listed[0] if isinstance(listed[0], str) else None


def _table_name(_: Any, body: bytes, __: str, ___: str) -> str | None:
    """Tags are put on what the request names by its ARN."""
    try:
        named = json.loads(body or b"{}").get("ResourceArn")
    except (ValueError, AttributeError):
        return None
    return named if isinstance(named, str) else None


def _principal_name(query: Any, _: bytes, __: str, ___: str) -> str | None:
    """The ARN of a user, group or role has its path, and an access key stands for its user."""
    key = iam._access_keys.get(actions._query_param(query, "AccessKeyId")) or {}
    user = actions._query_param(query, "UserName") or key.get("UserName", "")
    role, group = (actions._query_param(query, name) for name in ("RoleName", "GroupName"))
    found = iam._users.get(user) or iam._roles.get(role) or iam._groups.get(group) or {}
    return found.get("Arn")


def _setting_name(_: Any, body: bytes, region: str, account: str) -> str | None:
    """A setting of Systems Manager is named by its ARN, or by the end of it."""
    name = json.loads(body or b"{}").get("SettingId", "")
    if not name or name.startswith("arn:"):
        return name or None
    return f"arn:aws:ssm:{region}:{account}:servicesetting/{name.lstrip('/')}"


def _group_name(_: Any, body: bytes, region: str, account: str) -> str | None:
    """AWS names a log group with an empty stream behind it, which policies match as `:*`."""
    try:
        name = json.loads(body or b"{}").get("logGroupName")
    except (ValueError, AttributeError):
        return None
    return f"arn:aws:logs:{region}:{account}:log-group:{name}:log-stream:" if name else None


def _alarm_name(query: Any, body: bytes, region: str, account: str) -> str | None:
    """An alarm that is deleted is named in a list, which Goldseam gives one name."""
    names = actions._param(body, query, "AlarmNames", "AlarmNames.member.1")
    name = names[0] if isinstance(names, list) else names
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" if name else None


_NAMES: Final[dict[str, Callable[[Any, bytes, str, str], str | None]]] = {
    "ec2": _copy_name,
    "sns": _topic_name,
    "rds": _database_name,
    "cloudtrail": _trail_name,
    "dynamodb": _table_name,
    "iam": _principal_name,
    "ssm": _setting_name,
    "logs": _group_name,
    "monitoring": _alarm_name,
}


# --- access keys: when they were made and last used ---


def _remember_use() -> None:
    enforce = evaluator.enforce

    def enforce_and_note(key_id: str, action: str, service: str, region: str, *rest: Any, **named: Any) -> Any:
        result = enforce(key_id, action, service, region, *rest, **named)
        record = iam._access_keys.get(key_id)
        if record is not None and not isinstance(result, evaluator.AuthError):
            record["LastUsed"] = (_now(), service, region)
        return result

    evaluator.enforce = enforce_and_note
    iam._IAM_HANDLERS["GetAccessKeyLastUsed"] = _last_used


def _last_used(p: Parameters) -> Any:
    record = iam._access_keys.get(iam._p(p, "AccessKeyId"))
    if record is None:
        return iam._error(404, "NoSuchEntity", "The access key cannot be found.", ns="iam")
    used, service, region = record.get("LastUsed") or ("", "N/A", "N/A")
    date = f"<LastUsedDate>{used}</LastUsedDate>" if used else ""
    text = (
        f"<GetAccessKeyLastUsedResult><UserName>{record['UserName']}</UserName><AccessKeyLastUsed>{date}"
        f"<ServiceName>{service}</ServiceName><Region>{region}</Region></AccessKeyLastUsed>"
        "</GetAccessKeyLastUsedResult>"
    )
    return iam._xml(200, "GetAccessKeyLastUsedResponse", text, ns="iam")


def _back_date() -> None:
    create_user, create_key = iam._IAM_HANDLERS["CreateUser"], iam._IAM_HANDLERS["CreateAccessKey"]

    def create_old_user(p: Parameters) -> Any:
        answer = create_user(p)
        user = iam._users.get(iam._p(p, "UserName"))
        if user is not None:
            user["CreateDate"] = _created(user)
        return answer

    def create_old_key(p: Parameters) -> Any:
        before = set(iam._access_keys)
        answer = create_key(p)
        for key_id in set(iam._access_keys) - before:
            record = iam._access_keys[key_id]
            record["CreateDate"] = _created(iam._users.get(record["UserName"]) or {})
        return answer

    iam._IAM_HANDLERS |= {"CreateUser": create_old_user, "CreateAccessKey": create_old_key}


def _replace_password_policy() -> None:
    """A field that is not sent returns to its default: the operation takes no partial update."""
    update = iam._IAM_HANDLERS["UpdateAccountPasswordPolicy"]

    def answer(p: Parameters) -> Any:
        iam._account_password_policy.pop("policy", None)
        return update({"MinimumPasswordLength": ["6"], **p})

    iam._IAM_HANDLERS["UpdateAccountPasswordPolicy"] = answer


def _created(user: dict[str, Any]) -> str:
    """Now, or as many days ago as the user's tag says."""
    days = next((tag["Value"] for tag in user.get("Tags") or [] if tag["Key"] == AGE_TAG), "0")
    return _now(int(days) if days.isdecimal() else 0)


def _now(days_ago: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(days=days_ago)).strftime(_TIME)
