"""The customer's web hook as the source of a rotating code: asked with a signed request, at the moment of use."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import orjson
import rfc8785

from goldseam.keyholder.client import checked_url, post
from goldseam.keyholder.identity import PrivateKey
from goldseam.model.errors import GrantRefused
from goldseam.ports import Clock, Secret

SIGNATURE: Final = "Goldseam-Signature"
"""The header with the base64 Ed25519 signature over the request's body, byte for byte."""

_TYPE: Final = "goldseam code request/1"


class CodeHook:
    """Asks the web hook at `url` for the code; the answer is `{"code": "…"}` and is kept nowhere.

    The request is `{"nonce", "plan", "requester", "time", "type"}` in canonical JSON.
    """

    def __init__(self, url: str, signer: PrivateKey, clock: Clock, authority: Path | None = None) -> None:
        self._url, self._signer, self._clock, self._authority = checked_url(url), signer, clock, authority

    def __call__(self, plan: str) -> Secret:
        """The code for the plan of that id; raises GrantRefused, Unreachable."""
        request = {
            "type": _TYPE,
            "plan": plan,
            "nonce": secrets.token_hex(16),
            "time": self._clock.now().isoformat(),
            "requester": self._signer.verifier.text,
        }
        headers = {SIGNATURE: self._signer.sign(request)}
        target = self._url.path + (f"?{self._url.query}" if self._url.query else "")
        answer = post(self._url, target or "/", rfc8785.dumps(request), headers, self._authority)
        try:
            return Secret(code=str(orjson.loads(answer)["code"]))
        except (KeyError, TypeError, ValueError) as error:
            msg = f'`{self._url.geturl()}` did not answer {{"code": "…"}}; check the web hook'
            raise GrantRefused(msg) from error
