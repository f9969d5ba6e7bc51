"""Writes to AWS: the calls of one plan, under one key, and nothing else.

Every call is checked against botocore's description of the service before the first one is sent. A call is sent again
only where it is certain that the first attempt did nothing, or where doing it twice is the same as doing it once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from goldseam.clock import SystemClock
from goldseam.clouds.aws.client import AwsSession, GuardedSession
from goldseam.clouds.aws.governor import Governors
from goldseam.clouds.aws.service_data import ServiceData
from goldseam.collect import GLOBAL
from goldseam.control import Call
from goldseam.errors import CallFailed, CloudError, PlanRefused, RefusedCall, Throttled, Unreachable
from goldseam.ports import Clock, Key, Receipt
from goldseam.values import Json, canonical

WAITS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the attempts of a call."""

HIDDEN: Final = "(hidden)"

_REPEATABLE: Final = re.compile(
    r"\w+\.(Put|Set|Update|Enable|Disable|Start|Stop)[A-Z]"
    r"|s3\.Delete(Bucket[A-Z]|PublicAccessBlock)|s3control\.DeletePublicAccessBlock"
    r"|ec2\.Modify(Snapshot|Image)Attribute"
)
"""Calls that leave and answer the same the second time: they state what shall be, not what shall be done."""

_NOT_SENT: Final = frozenset(("EndpointConnectionError", "ConnectTimeoutError"))
"""Codes of `Unreachable` where no connection came about."""

_BROKEN: Final = frozenset(
    ("InternalError", "InternalFailure", "InternalServiceError", "ServiceUnavailable", "500", "503")
)
"""Codes with which AWS answers without saying whether it did the work."""

_SECRET: Final = re.compile(r"password|secret|session_?token|security_?token|private_?key|key_?material", re.IGNORECASE)


class AwsWriter:
    """Makes the calls that it was opened for."""

    def __init__(
        self, session: GuardedSession, calls: Sequence[Call], hide: Callable[[str, Json], Json], home: str, clock: Clock
    ) -> None:
        self._session, self._hide, self._home, self._clock = session, hide, home, clock
        self._allowed = frozenset(map(_exactly, calls))

    def call(self, call: Call) -> Receipt:
        """Send the call and wait for the answer.

        Raises RefusedCall for one that is not of the plan, and CloudError: after `Unreachable` it is not known
        whether the call was carried out.
        """
        if _exactly(call) not in self._allowed:
            raise RefusedCall(f"`{call.operation}` in {call.region} with these parameters is not in the plan")
        for seconds in WAITS:
            try:
                return self._sent(call)
            except CloudError as error:
                if not may_repeat(call.operation, error):
                    raise
            self._clock.sleep(seconds)
        return self._sent(call)

    def _sent(self, call: Call) -> Receipt:
        service, _, operation = call.operation.partition(".")
        region = self._home if call.region == GLOBAL else call.region
        answer = self._session.call(service, operation, region, **call.parameters)
        return Receipt(answer.request_id, self._hide(call.operation, dict(answer)))


class AwsWriterFactory:
    """Opens writers; `home` is the region for calls about the whole account."""

    def __init__(
        self,
        home: str,
        *,
        endpoint_url: str | None = None,
        governors: Governors | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._home, self._endpoint_url, self._governors = home, endpoint_url, governors
        self._clock = clock or SystemClock()

    def __call__(self, key: Key, calls: Sequence[Call]) -> AwsWriter:
        """A writer for exactly these calls under that key; nothing is sent yet.

        Raises PlanRefused when AWS's own description says that one of the calls cannot be made.
        """
        check_calls(calls)
        parts = key.secret.reveal()
        session = AwsSession.with_credentials(
            parts["access_key"],
            parts["secret_key"],
            parts.get("session_token"),
            endpoint_url=self._endpoint_url,
            governors=self._governors,
            attempts=1,
        )
        guarded = session.guarded((call.operation, call.parameters) for call in calls)
        return AwsWriter(guarded, calls, _hiding(parts.values()), self._home, self._clock)


def may_repeat(operation: str, error: CloudError) -> bool:
    """Whether the call can be sent again after this error without doing anything twice."""
    if isinstance(error, Throttled) or error.code in _NOT_SENT:
        return True
    ambiguous = isinstance(error, Unreachable) or (isinstance(error, CallFailed) and error.code in _BROKEN)
    return ambiguous and _REPEATABLE.match(operation) is not None


def check_calls(calls: Iterable[Call]) -> None:
    """Hold calls against botocore's description of the services, offline; raises PlanRefused."""
    for call in calls:
        service, _, operation = call.operation.partition(".")
        shape = _model(service).operation_model(operation).input_shape
        if shape is None:
            continue
        report = ParamValidator().validate(call.parameters, shape)
        if report.has_errors():
            problem = " ".join(report.generate_report().split())
            raise PlanRefused(f"`{call.operation}` cannot be sent as planned: {problem}; report this")


@cache
def _model(service: str) -> ServiceModel:
    data = ServiceData()
    return ServiceModel(data.load_service_model(service, "service-2"), service)


def _exactly(call: Call) -> tuple[str, str, bytes]:
    return call.operation, call.region, canonical(call.parameters)


def _hiding(secrets: Iterable[str]) -> Callable[[str, Json], Json]:
    """What takes secrets out of an answer: members named or described as such, and the key material itself."""
    material = tuple(secret for secret in secrets if secret)

    def text(value: str) -> str:
        for secret in material:
            value = value.replace(secret, HIDDEN)
        return value

    def hidden(value: Json, shape: Any) -> Json:
        if isinstance(value, Mapping):
            return {
                name: HIDDEN if _is_secret(name, shape) else hidden(item, _member(shape, name))
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [hidden(item, getattr(shape, "member", None)) for item in value]
        return text(value) if isinstance(value, str) else value

    def answer(operation: str, value: Json) -> Json:
        service, _, name = operation.partition(".")
        return hidden(value, _model(service).operation_model(name).output_shape)

    return answer


def _is_secret(name: str, shape: Any) -> bool:
    member = _member(shape, name)
    return bool(_SECRET.search(name)) or bool(member is not None and member.metadata.get("sensitive"))


def _member(shape: Any, name: str) -> Any:
    return getattr(shape, "members", {}).get(name)
