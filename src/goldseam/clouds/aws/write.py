"""Writes to AWS: the calls of one plan, under one key, and nothing else.

Every call is checked against botocore's description of the service before the first one is sent. A call is sent again
only where it is certain that the first attempt did nothing, or where doing it twice is the same as doing it once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, StructureShape
from botocore.validate import ParamValidator

from goldseam.clouds.aws.answer import Answer
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.governor import Governors
from goldseam.clouds.aws.service_data import ServiceData
from goldseam.control import Call, Secrets, Told
from goldseam.model.clock import SystemClock
from goldseam.model.errors import CallFailed, CloudError, PlanRefused, RefusedCall, Throttled, Unreachable
from goldseam.model.values import Json, canonical
from goldseam.ports import GLOBAL, Clock, Key, Receipt, Secret

WAITS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the attempts of a call."""

HIDDEN: Final = "(hidden)"

_REPEATABLE: Final = re.compile(
    r"(?!cloudfront|wafv2)\w+\.(Put|Set|Update|Enable|Disable|Start|Stop)[A-Z]"
    r"|s3\.Delete(Bucket[A-Z]|PublicAccessBlock)|s3control\.DeletePublicAccessBlock"
    r"|ec2\.Modify(Snapshot|Image)Attribute"
)
"""Calls that leave and answer the same the second time: they state what shall be, not what shall be done.

CloudFront and WAF take the number of a version with the statement, so the second time is a conflict there.
"""

_NOT_SENT: Final = frozenset(("EndpointConnectionError", "ConnectTimeoutError"))
"""Codes of `Unreachable` where no connection came about."""

_BROKEN: Final = frozenset(
    (
        "InternalError",
        "InternalFailure",
        "InternalServiceError",
        "ResponseParserError",
        "ServiceUnavailable",
        "500",
        "503",
    )
)
"""Codes with which AWS answers without saying whether it did the work."""

_SECRET: Final = re.compile(r"password|secret|session_?token|security_?token|private_?key|key_?material", re.IGNORECASE)


class GuardedClient(Protocol):
    """What lets the listed calls through, and no other (`GuardedSession`)."""

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Answer:
        """Make one call, once; raises CloudError and RefusedCall."""


class AwsWriter:
    """Makes the calls that it was opened for."""

    def __init__(
        self, door: GuardedClient, calls: Sequence[Call], hide: Callable[[str, Json], Json], home: str, clock: Clock
    ) -> None:
        self._door, self._hide, self._home, self._clock = door, hide, home, clock
        self._allowed = frozenset(map(_exactly, calls))

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Send the call and wait for the answer; `words` go into the places of its parameters.

        Raises RefusedCall for one that is not of the plan or for which a word is missing, and CloudError. Its
        `uncertain` is true when any attempt may have been carried out, whatever the last one was answered.
        """
        if _exactly(call) not in self._allowed:
            raise RefusedCall(f"`{call.operation}` in {call.region} with these parameters is not in the plan")
        try:
            parameters = call.filled(words or {})
        except LookupError as error:
            raise RefusedCall(f"`{call.operation}` cannot be sent: {error}; nothing was sent") from error
        return self._attempted(call, parameters)

    def _attempted(self, call: Call, parameters: Mapping[str, Json]) -> Receipt:
        """Send the call until it is answered or may not be sent again; a doubt about one attempt stays to the end."""
        doubt, waits = False, iter(WAITS)
        while True:
            try:
                return self._sent(call, parameters)
            except CloudError as error:
                doubt = doubt or (error.uncertain and error.code not in _NOT_SENT)
                pause = next(waits, None)
                if pause is None or not may_repeat(call.operation, error):
                    error.uncertain = doubt
                    raise
            self._clock.sleep(pause)

    def _sent(self, call: Call, parameters: Mapping[str, Json]) -> Receipt:
        service, _, operation = call.operation.partition(".")
        region = self._home if call.region == GLOBAL else call.region
        answer = self._door.call(service, operation, region, **parameters)
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
        return AwsWriter(guarded, calls, hiding(key.secret), self._home, self._clock)


def may_repeat(operation: str, error: CloudError) -> bool:
    """Whether the call can be sent again after this error without doing anything twice."""
    if isinstance(error, Throttled) or error.code in _NOT_SENT:
        return True
    ambiguous = isinstance(error, Unreachable) or (isinstance(error, CallFailed) and error.code in _BROKEN)
    return ambiguous and _REPEATABLE.match(operation) is not None


def check_calls(calls: Iterable[Call]) -> None:
    """Hold calls against botocore's description of the services, offline; raises PlanRefused."""
    for call in calls:
        shape = _described(call.operation).input_shape or _NOTHING
        report = ParamValidator().validate(call.filled({}, missing="word"), shape)
        if report.has_errors():
            sent = Secrets(frozenset(_texts(call.parameters)))
            problem = " ".join(sent.text(report.generate_report()).split())
            raise PlanRefused(f"`{call.operation}` cannot be sent as planned: {problem}; report this")


def _texts(node: Json) -> Iterator[str]:
    """The texts in parameters: the report quotes some, and which of them are sensitive a call does not say."""
    if isinstance(node, Mapping):
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str):
        yield node


_NOTHING: Final = StructureShape("Nothing", {"type": "structure", "members": {}})
"""The input of an operation that takes none."""


def _described(operation: str) -> OperationModel:
    service, _, name = operation.partition(".")
    try:
        return _service(service).operation_model(name)
    except (UnknownServiceError, OperationNotFoundError) as error:
        raise PlanRefused(f"AWS has no operation `{operation}`; report this") from error


@lru_cache(maxsize=16)
def _service(name: str) -> ServiceModel:
    return ServiceModel(ServiceData().load_service_model(name, "service-2"), name)


def _exactly(call: Call) -> tuple[str, str, bytes]:
    return call.operation, call.region, canonical(call.parameters)


def hiding(key: Secret) -> Callable[[str, Json], Json]:
    """What takes secrets out of an operation's answer: members named or described so, and the key material itself."""
    material = tuple(part for part in key.reveal().values() if part)

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
        return hidden(value, _described(operation).output_shape)

    return answer


def _is_secret(name: str, shape: Any) -> bool:
    member = _member(shape, name)
    return bool(_SECRET.search(name)) or bool(member is not None and member.metadata.get("sensitive"))


def _member(shape: Any, name: str) -> Any:
    return getattr(shape, "members", {}).get(name)
