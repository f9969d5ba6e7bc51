"""Stops every call that a plan does not hold, inside the SDK, before anything is signed or sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.client import BaseClient
from botocore.model import OperationModel

from goldseam.control import admits
from goldseam.model.errors import RefusedCall
from goldseam.model.values import Json

_ADMITTED: Final = "goldseam-admitted"
"""The key in botocore's request context under which the first check leaves its result for the second."""


class Guard:
    """The list of calls that may be made: operations (`service.Operation`) with all their parameters.

    In a place that the plan leaves for a word, any word may stand.
    """

    def __init__(self, allowed: Iterable[tuple[str, Mapping[str, Json]]]) -> None:
        self._allowed: dict[str, list[Mapping[str, Json]]] = {}
        for operation, parameters in allowed:
            self._allowed.setdefault(operation, []).append(parameters)

    def install(self, client: BaseClient) -> None:
        """Put the guard into a client: the parameters are checked when they are final, and again before sending."""
        client.meta.events.register_first("before-parameter-build", self._check)
        client.meta.events.register_first("before-call", self._confirm)

    def _check(self, params: Mapping[str, Json], model: OperationModel, context: dict[str, Any], **_: object) -> None:
        operation = _name(model)
        if not any(admits(planned, params) for planned in self._allowed.get(operation, ())):
            raise _refusal(operation)
        context[_ADMITTED] = operation

    def _confirm(self, model: OperationModel, context: Mapping[str, Any], **_: object) -> None:
        operation = _name(model)
        if context.get(_ADMITTED) != operation:
            raise _refusal(operation)


def _name(model: OperationModel) -> str:
    return f"{model.service_model.service_name}.{model.name}"


def _refusal(operation: str) -> RefusedCall:
    return RefusedCall(f"`{operation}` with these parameters is not in the plan; nothing was sent")
