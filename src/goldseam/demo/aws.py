"""The few AWS SDK calls that seeding needs, with nothing read from the user's configuration."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Final

_NO_CONFIGURATION: Final = {"config_file": os.devnull, "credentials_file": os.devnull, "profile": None}


class Clients:
    """SDK clients of one identity in the embedded cloud, made when first asked for."""

    def __init__(self, endpoint: str, region: str, key_id: str, secret: str, token: str | None = None) -> None:
        from botocore.config import Config  # noqa: PLC0415 (slow to import)
        from botocore.session import Session  # noqa: PLC0415

        self.endpoint, self.region = endpoint, region
        self._session = Session({name: (None, None, value, None) for name, value in _NO_CONFIGURATION.items()})
        self._arguments = {
            "region_name": region,
            "endpoint_url": endpoint,
            "aws_access_key_id": key_id,
            "aws_secret_access_key": secret,
            "aws_session_token": token,
            "config": Config(proxies={}, retries={"total_max_attempts": 1}),
        }
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """The client of a service, always the same one."""
        if service not in self._made:
            client = self._session.create_client(service, **self._arguments)
            client.meta.events.register("before-sign.s3-control", _without_account_in_host)
            self._made[service] = client
        return self._made[service]


def _without_account_in_host(request: Any, **_: object) -> None:
    """S3 Control puts the account before the host, which no name server resolves when the host is an address."""
    request.url = re.sub(r"//\d{12}\.(?=\d+\.\d+\.\d+\.\d+)", "//", request.url)


def policy(*statements: dict[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def tags(**values: str) -> list[dict[str, str]]:
    """Tags in the spelling that most services share; an underscore in a name stands for a dash."""
    return [{"Key": name.replace("_", "-"), "Value": value} for name, value in values.items()]
