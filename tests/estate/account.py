"""Two accounts of the emulator, by plain boto3: the estate's own, and a partner's that works with it."""

from __future__ import annotations

import json
import random
import string
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config

PARTNER: Final = "602211847733"
"""The account of a partner. The emulator takes a number of 12 digits for the key of that account's root user."""
STRANGER: Final = "203.0.113.9"
"""An address of the internet (RFC 5737)."""
_CONFIG: Final = Config(proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials."""

    endpoint: str
    region: str
    key_id: str
    secret: str = field(repr=False)

    def __call__(self, service: str) -> Any:
        return _client(self.endpoint, self.region, self.key_id, self.secret, service)


@cache
def _client(endpoint: str, region: str, key_id: str, secret: str, service: str) -> Any:
    session = boto3.Session(key_id, secret, region_name=region)
    return session.client(service, endpoint_url=endpoint, config=_CONFIG)


@dataclass
class Account:
    """The account with the estate; resources by the row that labels them, under names that say nothing."""

    endpoint: str
    region: str
    account_id: str
    seed: int
    ids: dict[str, str] = field(default_factory=dict)
    """The resource of each row, as Goldseam and AWS name it."""
    held: dict[str, Any] = field(default_factory=dict)
    """What a probe needs beside the id, by row."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.own = Caller(self.endpoint, self.region, "test", "test")
        self.partner_root = Caller(self.endpoint, self.region, PARTNER, "test")

    def name(self) -> str:
        """A name that nothing can be told from."""
        return "".join(self._random.choices(string.ascii_lowercase, k=14))

    @property
    def partner(self) -> Caller:
        """A user of the partner who may do everything that the partner's account can allow."""
        held: Caller = self.held["partner"]
        return held

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{rest}"


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: Any, action: Any, resource: Any, condition: Any = None) -> dict[str, Any]:
    """A statement that allows; the condition is left out where there is none."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def root_of(account: str) -> dict[str, str]:
    """An account as a principal."""
    return {"AWS": f"arn:aws:iam::{account}:root"}


def user(caller: Caller, name: str, *statements: dict[str, Any], age: int = 0) -> Caller:
    """A user with a key; the emulator makes it as old as the tag says."""
    iam = caller("iam")
    labels = [{"Key": "demo:age-days", "Value": str(age)}] if age else []
    iam.create_user(UserName=name, Tags=labels)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Caller(caller.endpoint, caller.region, key["AccessKeyId"], key["SecretAccessKey"])
