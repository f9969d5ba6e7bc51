"""What somebody does with the estate, and whether it works now. Knows AWS, the emulator and nothing of Goldseam.

A probe that the emulator can answer is a real request: anonymous over HTTP, with a partner's credentials, with an old
key. What it does not enforce is read from the configuration by the rule that AWS documents.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from botocore.exceptions import ClientError

from tests.estate import probes_of_services
from tests.estate.account import Account, Caller
from tests.estate.buckets import DISTRIBUTION, ENDPOINT, KEY, SHOP
from tests.estate.labels import Row
from tests.estate.reach import connects, leaves, opens, will_connect
from tests.estate.statements import allowed, denied

Probe: TypeAlias = Callable[[Account, str], object]
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def working(account: Account, rows: Iterable[Row]) -> dict[tuple[str, str], bool]:
    """Every probe of every row, and whether it works."""
    return {(row.row, probe): works(account, row.row, probe) for row in rows for probe in row.probes}


def works(account: Account, row: str, probe: str) -> bool:
    """Whether what a probe does works; what is refused does not, and any other trouble is the probe's own."""
    name, _, port = probe.partition(":")
    try:
        if port:
            return bool(_OF_PORTS[name](account, account.ids[row], int(port)))
        return bool(_PROBES[name](account, row))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise
        return False
    except urllib.error.HTTPError as refusal:
        with refusal:
            if refusal.code >= 500:
                raise
            return False


def _request(account: Account, path: str, method: str = "GET") -> bool:
    """Without credentials."""
    data = b"x" if method == "PUT" else None
    request = urllib.request.Request(f"{account.endpoint}/{path}", method=method, data=data)
    with _DIRECT.open(request, timeout=10) as answer:
        return bool(answer.status == 200)


def _policy(account: Account, row: str) -> str | None:
    try:
        held: str = account.own("s3").get_bucket_policy(Bucket=account.ids[row])["Policy"]
    except ClientError:
        return None
    return held


def _anonymous_get(account: Account, row: str) -> bool:
    return _request(account, f"{account.ids[row]}/{KEY}")


def _referer_get(account: Account, row: str) -> bool:
    """Without credentials, from a page of the shop; the emulator does not read the header.

    A policy under a condition on Referer is a public one, and RestrictPublicBuckets refuses who comes by such a policy
    (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage").
    """
    try:
        blocks = account.own("s3").get_public_access_block(Bucket=account.ids[row])["PublicAccessBlockConfiguration"]
    except ClientError:
        blocks = {}
    by_page = allowed(_policy(account, row), "*", "s3:GetObject", aws_Referer=f"{SHOP}p", aws_SecureTransport="true")
    return by_page and not blocks.get("RestrictPublicBuckets")


def _own_put(account: Account, row: str) -> object:
    return account.own("s3").put_object(Bucket=account.ids[row], Key="b/2.bin", Body=b"y")


def _get(caller: Caller, account: Account, row: str) -> object:
    return caller("s3").get_object(Bucket=account.ids[row], Key=KEY)["Body"].read()


def _deletes(account: Account, row: str) -> bool:
    """Whether nothing is left of an object that was deleted."""
    s3, name = account.own("s3"), account.ids[row]
    s3.put_object(Bucket=name, Key="person", Body=b"personal")
    s3.delete_object(Bucket=name, Key="person")
    return not s3.list_object_versions(Bucket=name, Prefix="person").get("Versions")


def _front_gets(account: Account, row: str) -> bool:
    source = f"arn:aws:cloudfront::{account.account_id}:distribution/{DISTRIBUTION}"
    return allowed(
        _policy(account, row), "cloudfront.amazonaws.com", "s3:GetObject",
        aws_SourceArn=source, aws_SecureTransport="true",
    )  # fmt: skip


def _endpoint_gets(account: Account, row: str) -> bool:
    return allowed(_policy(account, row), "*", "s3:GetObject", aws_SourceVpce=ENDPOINT, aws_SecureTransport="true")


def _plain_get(account: Account, row: str) -> bool:
    """A signed request over plain HTTP, by somebody of the account: allowed unless the bucket denies it."""
    return not denied(_policy(account, row), account.account_id, "s3:GetObject", aws_SecureTransport="false")


def _others_connect(account: Account, row: str) -> bool:
    """The web server of another group answers."""
    return connects(account, account.held["web"], 443)


_OF_PORTS: Final[Mapping[str, Callable[[Account, str, int], bool]]] = {
    "connect": connects,
    "started": will_connect,
    "office-rule": lambda account, group, port: opens(account, group, port, "10.1.2.3"),
}
_PROBES: Final[Mapping[str, Probe]] = {
    "anonymous-get": _anonymous_get,
    "policy-get": _anonymous_get,
    "website-get": lambda account, row: _anonymous_get(account, "b01"),
    "anonymous-list": lambda account, row: _request(account, f"{account.ids[row]}?list-type=2"),
    "anonymous-put": lambda account, row: _request(account, f"{account.ids[row]}/c/3.bin", "PUT"),
    "referer-get": _referer_get,
    "own-get": lambda account, row: _get(account.own, account, row),
    "own-list": lambda account, row: account.own("s3").list_objects_v2(Bucket=account.ids[row]),
    "own-put": _own_put,
    "partner-get": lambda account, row: _get(account.partner, account, row),
    "service-get": _front_gets,
    "endpoint-get": _endpoint_gets,
    "http-get": _plain_get,
    "delete-for-good": _deletes,
    "others-connect": _others_connect,
    "egress": lambda account, row: leaves(account, account.ids[row]),
    **probes_of_services.PROBES,
}
