"""The one place that builds AWS clients: configuration, credentials, pace and retries of every call.

botocore is used directly, since importing boto3 costs more than a scan's first calls. Reads and writes never share a
client: a reader's clients skip the validation of parameters and use the quick transport; a writer's clients validate,
and exist only behind a `Guard`.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn, Protocol

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError
from botocore.parsers import ResponseParserError

from goldseam.clouds.aws.answer import Answer
from goldseam.clouds.aws.bounds import Deadline, Timer
from goldseam.clouds.aws.call_limits import CallLimits, pace
from goldseam.clouds.aws.failures import failure
from goldseam.clouds.aws.governor import Governors
from goldseam.clouds.aws.guard import Guard
from goldseam.clouds.aws.paging import PagesRequested, paginator_of
from goldseam.clouds.aws.representable import represented
from goldseam.clouds.aws.sdk import configured, user_agent
from goldseam.clouds.aws.transport import Transport, UnknownHost
from goldseam.clouds.bounds import DEFAULT, Bounds
from goldseam.model.errors import (
    AccessDenied,
    CredentialsMissing,
    GoldseamError,
    NotOffered,
    UnknownName,
    Unreachable,
)
from goldseam.model.values import Json
from goldseam.ports import Secret

POOL: Final = 64
"""Connections a client may hold; no fewer than the threads that use it."""
WRITE_CONNECT: Final = 10.0
WRITE_SILENCE: Final = 60.0
"""Seconds that a writer waits for a connection and for an answer: nothing is gained by not knowing what was done."""
ATTEMPTS: Final = 5
"""How often a call is tried, unless the AWS configuration says otherwise."""
_ACCOUNT_IN_HOST: Final = re.compile(r"//\d{12}\.(?=\d+\.\d+\.\d+\.\d+(:|/|$))")
HOME_REGION: Final = "us-east-1"
"""Where questions about the whole account go when no region is configured."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the credentials belong to."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The part of AWS that the account lives in: `aws`, `aws-cn`, `aws-us-gov`."""
        return self.arn.split(":", 2)[1]


class Sender(Protocol):
    """What carries a reader's requests to AWS and their answers back."""

    def send(self, request: AWSPreparedRequest, deadline: Deadline) -> AWSResponse | None:
        """The answer by the deadline, or None to leave the request to botocore."""

    def close(self) -> None:
        """Close all connections."""


class AwsSession:
    """Reads one AWS account with the user's own configuration; safe to share between threads.

    It knows no way to write; `guarded` answers an object that does, for listed calls only. `operations` are those that
    will be called most; what else a service can do is only loaded when it is wanted.
    """

    def __init__(
        self,
        profile: str | None = None,
        endpoint_url: str | None = None,
        max_rate: float | None = None,
        *,
        governors: Governors | None = None,
        attempts: int | None = None,
        transport: Sender | None = None,
        operations: Iterable[str] = (),
        bounds: Bounds = DEFAULT,
        timer: Timer = time.monotonic,
    ) -> None:
        self._bounds, self._limits = bounds, CallLimits(bounds, timer)
        self._profile, self._endpoint_url, self._attempts = profile, endpoint_url, attempts
        self.governors = governors or Governors(max_rate)
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._identity: Identity | None = None
        self._sdk, self._data = configured(profile, operations)
        self._transport: Sender = transport or Transport(self._sdk.get_config_variable("ca_bundle"), bounds)

    @classmethod
    def with_credentials(
        cls,
        access_key: str,
        secret: str,
        token: str | None,
        *,
        endpoint_url: str | None = None,
        governors: Governors | None = None,
        attempts: int | None = None,
        transport: Sender | None = None,
        bounds: Bounds = DEFAULT,
    ) -> AwsSession:
        """A session that signs with these credentials and takes none from the configuration."""
        # At level DEBUG botocore logs the headers that it signs, and the session token is one of them.
        logging.getLogger("botocore").setLevel(logging.INFO)
        session = cls(
            endpoint_url=endpoint_url, governors=governors, attempts=attempts, transport=transport, bounds=bounds
        )
        session._sdk.set_credentials(access_key, secret, token)
        return session

    def __repr__(self) -> str:
        return f"AwsSession(profile={self._profile!r}, endpoint_url={self._endpoint_url!r})"

    def __reduce__(self) -> NoReturn:
        msg = "a session holds credentials and is not written anywhere"
        raise TypeError(msg)

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Answer:
        """Make one call; `operation` in either spelling (`get_bucket_policy`, `GetBucketPolicy`).

        Raises CloudError.
        """
        with self._calling(service, operation, region):
            return _answer(getattr(self._able(service, operation, region), _python_name(operation))(**params))

    def pages(
        self,
        service: str,
        operation: str,
        region: str | None = None,
        /,
        *,
        page_size: int | None = None,
        **params: Json,
    ) -> Iterator[Answer]:
        """Every page of a listing, or its one answer where AWS does not page it. Raises CloudError."""
        client = self._able(service, operation, region)
        paginator = paginator_of(client, _python_name(operation))
        if paginator is None:
            yield self.call(service, operation, region, **params)
            return
        config, requested = {"PageSize": page_size} if page_size else {}, PagesRequested()
        pages = iter(paginator.paginate(PaginationConfig=config, **params))
        while True:
            with self._calling(service, operation, region, requested):
                page = next(pages, None)
            if page is None:
                return
            yield _answer(page)

    @contextmanager
    def _calling(
        self, service: str, operation: str, region: str | None, pages: PagesRequested | None = None
    ) -> Iterator[None]:
        """Make one call in the block, within its limits; raises CloudError."""
        name, where = _spelled(service, operation), region or self.default_region()
        try:
            with self._limits.call(name, service, where, pages), _translated(name):
                yield
        except Unreachable as error:
            if (told := self._told_apart(error, service, region)) is not error:
                raise told from error
            raise

    def _told_apart(self, error: GoldseamError, service: str, region: str | None) -> GoldseamError:
        """No answer, or no such service there: no name server knows its host, nor the SDK that region for it.

        The SDK's list alone proves nothing, since new regions are missing in it.
        """
        where = region or self.default_region()
        if not isinstance(error, Unreachable) or error.code != UnknownHost.__name__ or self._endpoint_url:
            return error
        offered = self._sdk.get_available_regions(service, self._sdk.get_partition_for_region(where))
        if not offered or where in offered:
            return error
        return NotOffered(f"{service} does not exist in {where}", operation=error.operation, code=error.code)

    def identity(self) -> Identity:
        """The account and principal of the credentials, asked once. Raises CloudError."""
        with self._lock:
            if self._identity is None:
                answer = self.call("sts", "get_caller_identity")
                self._identity = Identity(answer["Account"], answer["Arn"])
            return self._identity

    def account_id(self) -> str:
        """The account's twelve digits."""
        return self.identity().account

    def partition(self) -> str:
        """The partition of the account."""
        return self.identity().partition

    def default_region(self) -> str:
        """The configured region, else the one where account-wide questions go."""
        region = self._sdk.get_config_variable("region")
        return str(region or HOME_REGION)

    def enabled_regions(self, *, fallback: bool = False) -> tuple[str, ...]:
        """The regions that are enabled for the account, in order.

        When AWS denies the question, `fallback` answers with all regions of the partition; otherwise AccessDenied.
        """
        try:
            answer = self.call("ec2", "describe_regions", self.default_region())
        except AccessDenied:
            if not fallback:
                raise
            return self.known_regions()
        return tuple(sorted(item["RegionName"] for item in answer["Regions"]))

    def known_regions(self) -> tuple[str, ...]:
        """Every region of the account's partition that this version of the SDK has heard of."""
        partition = self._sdk.get_partition_for_region(self.default_region())
        return tuple(sorted(self._sdk.get_available_regions("ec2", partition)))

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        """The wanted regions, or all that are enabled; raises UnknownName for one that is not."""
        enabled = self.enabled_regions(fallback=fallback)
        names = tuple(wanted)
        for name in names:
            if name not in enabled:
                raise UnknownName("enabled AWS region", name, enabled)
        return names or enabled

    def obtain_credentials(self) -> None:
        """Obtain the credentials now rather than at the first call, which will say what is wrong with them."""
        with suppress(BotoCoreError):
            credentials = self._sdk.get_credentials()
            if credentials is not None:
                credentials.get_frozen_credentials()

    def own_credentials(self) -> Secret:
        """The credentials of this configuration themselves, for an operator who said so; raises CredentialsMissing."""
        credentials = self._sdk.get_credentials()
        if credentials is None:
            msg = "no AWS credentials were found; run `aws configure sso`, or set `AWS_PROFILE`"
            raise CredentialsMissing(msg)
        frozen = credentials.get_frozen_credentials()
        token = {"session_token": frozen.token} if frozen.token else {}
        return Secret(access_key=frozen.access_key, secret_key=frozen.secret_key, **token)

    def guarded(self, allowed: Iterable[tuple[str, Mapping[str, Json]]]) -> GuardedSession:
        """A door for exactly these calls, given as `service.Operation` and parameters."""
        return GuardedSession(self._writing_client, Guard(allowed))

    def client(self, service: str, region: str | None = None) -> BaseClient:
        """The reading client of a service in a region, made at first use. Raises CloudError, UnknownName."""
        key = (service, region or self.default_region())
        known = self._clients.get(key)
        if known is None:
            with self._lock:
                known = self._clients.get(key) or self._clients.setdefault(key, self._reading_client(*key))
        return known

    def _able(self, service: str, operation: str, region: str | None) -> BaseClient:
        """A reading client that knows the operation, if the service does."""
        client = self.client(service, region)
        if not hasattr(client, _python_name(operation)):
            key = (service, region or self.default_region())
            with self._lock:
                self._data.whole(service)
                client = self._clients[key] = self._reading_client(*key)
        return client

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.close()
        self._transport.close()

    def _reading_client(self, service: str, region: str) -> BaseClient:
        client = self._new_client(service, region, validated=False)
        pace(client, self.governors.of(service, region), self._limits, self._transport.send)
        client.meta.events.register("provide-client-params", self._limits.note_page)
        return client

    def _writing_client(self, service: str, region: str | None) -> BaseClient:
        where = region or self.default_region()
        with self._lock:
            self._data.whole(service)
            client = self._new_client(service, where, validated=True)
        pace(client, self.governors.of(service, where))
        return client

    def _new_client(self, service: str, region: str, *, validated: bool) -> BaseClient:
        try:
            client: BaseClient = self._sdk.create_client(
                service, region_name=region, endpoint_url=self._endpoint_url, config=self._config(validated=validated)
            )
        except UnknownServiceError as error:
            raise UnknownName("AWS service", service, self._sdk.get_available_services()) from error
        except BotoCoreError as error:
            raise failure(service, error) from error
        client.meta.events.register("before-sign.s3-control", _without_account_in_host)
        return client

    def _config(self, *, validated: bool) -> Config:
        mode = self._sdk.get_config_variable("retry_mode")
        attempts = self._attempts or self._sdk.get_config_variable("max_attempts") or ATTEMPTS
        return Config(
            user_agent=user_agent(),
            parameter_validation=validated,
            max_pool_connections=POOL,
            connect_timeout=self._bounds.connect if not validated else WRITE_CONNECT,
            read_timeout=self._bounds.silence if not validated else WRITE_SILENCE,
            retries={"mode": "adaptive" if mode == "adaptive" else "standard", "total_max_attempts": int(attempts)},
        )


class GuardedSession:
    """Makes the listed calls and refuses every other before it is sent."""

    def __init__(self, new_client: Callable[[str, str | None], BaseClient], guard: Guard) -> None:
        self._new_client, self._guard = new_client, guard
        self._clients: dict[tuple[str, str | None], BaseClient] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> NoReturn:
        msg = "a session holds credentials and is not written anywhere"
        raise TypeError(msg)

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Answer:
        """Make one of the listed calls; raises CloudError, and RefusedCall for any that is not listed."""
        with _translated(_spelled(service, operation)):
            return _answer(getattr(self._client(service, region), _python_name(operation))(**params))

    def _client(self, service: str, region: str | None) -> BaseClient:
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                client = self._new_client(service, region)
                self._guard.install(client)
                self._clients[service, region] = client
            return client


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Raise our own error for what the SDK raises in the block."""
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError, RecursionError) as error:
        raise failure(name, error) from error


def _answer(raw: dict[str, Any]) -> Answer:
    metadata = raw.pop("ResponseMetadata", {})
    return Answer(represented(raw, _plain), str(metadata.get("RequestId", "")))


def _plain(value: object) -> Json:
    """What JSON has no word for: bytes become text, and a stream is read; raises ValueError where they are none."""
    content = value if isinstance(value, bytes) else value.read()  # type: ignore[attr-defined]
    return content.decode()


def _without_account_in_host(request: AWSPreparedRequest, **_: object) -> None:
    """S3 Control puts the account before the host, which no name server resolves where the host is an address."""
    request.url = _ACCOUNT_IN_HOST.sub("//", request.url)


@lru_cache(maxsize=4096)
def _python_name(operation: str) -> str:
    return xform_name(operation) if operation[:1].isupper() else operation


def _spelled(service: str, operation: str) -> str:
    return f"{service}.{operation}"
