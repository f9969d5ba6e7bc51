"""A call as the AWS command line, for people who make the repair with their own hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from goldseam.control import Call
from goldseam.model.values import Json, Placeholder

_SERVICE: Final[Mapping[str, str]] = {"s3": "s3api", "config": "configservice", "codedeploy": "deploy"}
"""Where the command line's name of a service is not the SDK's; elsewhere they are the same."""

_RENAMED: Final[Mapping[tuple[str, str], str]] = {("ec2", "--no-egress"): "--ingress"}
_GLOBAL: Final = "global"


def command_words(call: Call) -> tuple[str, ...]:
    """The command as words, before quoting."""
    from botocore import xform_name  # noqa: PLC0415 - loaded when a command is wanted, not at start-up

    service, _, operation = call.operation.partition(".")
    words = ["aws", _SERVICE.get(service, service), xform_name(operation, "-")]
    for name, value in _told_in_words(call.parameters).items():
        words.extend(_RENAMED.get((service, word), word) for word in _option(xform_name(name, "-"), value))
    if call.region != _GLOBAL:
        words.extend(("--region", call.region))
    return tuple(words)


def _told_in_words(parameter: Json) -> Json:
    """The parameters with words for a person in place of each placeholder."""
    if isinstance(parameter, Placeholder):
        return f"<the {parameter.name} of {parameter.facet}>"
    if isinstance(parameter, Mapping):
        return {name: _told_in_words(item) for name, item in parameter.items()}
    return [_told_in_words(item) for item in parameter] if isinstance(parameter, (list, tuple)) else parameter


def _option(name: str, value: Json) -> Iterator[str]:
    """One option: a flag for a boolean, JSON for a list or an object, else the value itself."""
    if isinstance(value, bool):
        yield f"--{name}" if value else f"--no-{name}"
        return
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if text.startswith("-"):
        yield f"--{name}={text}"
    else:
        yield from (f"--{name}", text)
