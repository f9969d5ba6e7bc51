"""The key source that asks a keyholder."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from goldseam.keyholder.config import is_loopback
from goldseam.keyholder.identity import KeyholderName, PrivateKey
from goldseam.keyholder.message import LARGEST, asking, key_in
from goldseam.model.errors import GrantRefused, HomeError, Unreachable, UsageError
from goldseam.model.values import Json
from goldseam.ports import Clock, Key, Secret

_GRANT: Final = "/v1/grant"
_SECONDS: Final = 60.0


class KeyholderSource:
    """Asks the keyholder at `url`, known by its public name, and believes no other.

    `code` gives the one-time code for a plan where the keyholder asks for one. `authority` is a file with the
    certificate to trust, where the keyholder's is not from a public authority.
    """

    name = "keyholder"

    def __init__(
        self,
        url: str,
        keyholder: KeyholderName,
        signer: PrivateKey,
        clock: Clock,
        *,
        code: Callable[[str], Secret | None] | None = None,
        authority: Path | None = None,
    ) -> None:
        self._url = checked_url(url)
        self._keyholder, self._signer, self._clock = keyholder, signer, clock
        self._code, self._authority = code, authority

    def key_for(self, plan: Mapping[str, Json], approvals: Sequence[Mapping[str, Json]]) -> Key:
        """The key; raises GrantRefused, AlreadyDone, and Unreachable when no answer comes."""
        code = self._code(str(plan["id"])) if self._code else None
        asked = asking(plan, approvals, self._signer, self._keyholder, self._clock.now(), code)
        return key_in(post(self._url, _GRANT, asked.body, {}, self._authority), asked, self._keyholder)


def checked_url(url: str) -> SplitResult:
    """The parts of a URL that is safe to ask: HTTPS, or HTTP that stays on this host; raises UsageError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        msg = f"`{url}` cannot be asked safely; use an `https://` address, or `http://` on this host only"
        raise UsageError(msg)
    return parts


def _why(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else "") or "the connection ended early"


def post(url: SplitResult, path: str, body: bytes, headers: Mapping[str, str], authority: Path | None = None) -> bytes:
    """The body of the answer to a POST; raises Unreachable, GrantRefused, HomeError."""
    connection = _connection(url, authority)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        content = answer.read(LARGEST)
    except ssl.SSLError as error:
        msg = f"`{url.geturl()}` does not show a certificate that is trusted ({error.reason}); name its authority"
        raise GrantRefused(msg) from error
    except (OSError, http.client.HTTPException) as error:
        msg = f"`{url.geturl()}` does not answer ({_why(error)}); start it, or check the address"
        raise Unreachable(msg) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        msg = f"`{url.geturl()}` answered {answer.status} {answer.reason}; check the address and its record"
        raise GrantRefused(msg)
    return content


def _connection(url: SplitResult, authority: Path | None) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "http":
        return http.client.HTTPConnection(host, url.port, timeout=_SECONDS)
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        msg = f"the certificate `{authority}` cannot be used ({error}); check the file"
        raise HomeError(msg) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return http.client.HTTPSConnection(host, url.port, timeout=_SECONDS, context=context)
