"""Makes the emulator list nothing of what it cannot hold, where Goldseam asks what names a security group.

It has no Spot Fleets, and nothing at all of Redshift, DMS, SageMaker and WorkSpaces. So that there are none is true,
and each listing says so in AWS's own shape. Everything else of those services stays unsupported.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

app: Any = importlib.import_module("ministack.app")
actions: Any = importlib.import_module("ministack.core.iam_actions")
ec2: Any = importlib.import_module("ministack.services.ec2")

Answer = tuple[int, dict[str, str], bytes]

_CLUSTERS: Final = (
    '<DescribeClustersResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/">'
    "<DescribeClustersResult><Clusters/></DescribeClustersResult></DescribeClustersResponse>"
)
_EMPTY: Final[Mapping[str, Mapping[str, str]]] = {
    "redshift": {"DescribeClusters": _CLUSTERS},
    "dms": {"DescribeReplicationInstances": json.dumps({"ReplicationInstances": []})},
    "sagemaker": {
        "ListNotebookInstances": json.dumps({"NotebookInstances": []}),
        "ListDomains": json.dumps({"Domains": []}),
        "ListModels": json.dumps({"Models": []}),
    },
    "workspaces": {"DescribeWorkspaceDirectories": json.dumps({"Directories": []})},
}
"""By service that the emulator lacks and operation, the answer that there is nothing."""

_TYPES: Final = {"<": "text/xml", "{": "application/x-amz-json-1.1"}
"""The content type of an answer by how it begins."""


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    fleets = ec2._xml(200, "DescribeSpotFleetRequestsResponse", "<spotFleetRequestConfigSet/>")
    _add(ec2._ACTION_MAP, "DescribeSpotFleetRequests", lambda _: fleets)
    for service, answers in _EMPTY.items():
        _add(app.SERVICE_HANDLERS, service, partial(_answer, service, answers))
        _add(actions.SERVICE_TO_IAM_NAMESPACE, service, service)
    _add(actions._SERVICE_PROTOCOL, "redshift", "query-xml")


def _add(held: dict[str, Any], name: str, entry: object) -> None:
    """Add what the emulator lacks; raises where it has it, so that no answer of its own is ever replaced."""
    if name in held:
        raise RuntimeError(f"the emulator has {name} now: the correction is to be removed")
    held[name] = entry


async def _answer(
    service: str, answers: Mapping[str, str], method: str, path: str, headers: dict[str, str], body: bytes, query: Any
) -> Answer:
    """The listing, or what the emulator says of an operation of a service that it lacks."""
    action = actions.extract_iam_action(service, method, path, headers, body, query) or ""
    text = answers.get(action.partition(":")[2])
    if text is None and service == "redshift":
        unknown: Answer = app._unknown_query_error(body, "")
        return unknown
    if text is None:
        refused = json.dumps({"error": f"Unsupported service: {service}"})
        return 400, {"Content-Type": "application/json"}, refused.encode()
    return 200, {"Content-Type": _TYPES[text[0]]}, text.encode()
