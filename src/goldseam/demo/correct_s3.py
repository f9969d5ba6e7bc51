"""Makes the emulator's S3 do what AWS documents, where Goldseam depends on it.

Adds the account-wide public access block (with its IAM actions and its effect on requests) and the policy status.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from typing import Any, Final

from goldseam.demo.kept_state import account_store

app: Any = importlib.import_module("ministack.app")
s3: Any = importlib.import_module("ministack.services.s3")

_PATH: Final = "/v20180820/configuration/publicAccessBlock"
_ACTIONS: Final = {
    "GET": "s3:GetAccountPublicAccessBlock",
    "PUT": "s3:PutAccountPublicAccessBlock",
    "DELETE": "s3:PutAccountPublicAccessBlock",
}
_KEY: Final = "configuration"


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    _add_account_block()
    _add_policy_status()


def _add_account_block() -> None:
    blocks = account_store(s3, "goldseam_account_public_access_block")
    control, blocked = app._handle_s3_control_request, s3._public_access_blocked

    async def answer(
        path: str, method: str, body: bytes, query: Any, request_id: str, headers: dict[str, str] | None = None
    ) -> Any:
        if path != _PATH or method not in _ACTIONS:
            return await control(path, method, body, query, request_id, headers)
        denied = app._enforce_data_plane("s3", _ACTIONS[method], headers or {}, query, request_id)
        status, extra, text = denied or s3.s3control_account_error(headers or {}) or _serve(blocks, method, body)
        return status, {**extra, "x-amzn-requestid": request_id}, text

    def blocked_anywhere(owner: str, bucket: str, setting: str) -> bool:
        stored = blocks.get_scoped(owner, None, _KEY) or ""
        return f"<{setting}>true</{setting}>" in stored.replace("TRUE", "true") or bool(blocked(owner, bucket, setting))

    app._handle_s3_control_request, s3._public_access_blocked = answer, blocked_anywhere


def _serve(blocks: Any, method: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """The three operations on the stored document, which is kept as it was sent."""
    if method == "PUT":
        blocks[_KEY] = body.decode()
        return 200, {}, b""
    if method == "DELETE":
        blocks.pop(_KEY, None)
        return 204, {}, b""
    if stored := blocks.get(_KEY):
        return 200, {"Content-Type": "application/xml"}, stored.encode()
    message = "The public access block configuration was not found"
    missing: tuple[int, dict[str, str], bytes] = s3.s3control_error(
        "NoSuchPublicAccessBlockConfiguration", message, 404
    )
    return missing


def _add_policy_status() -> None:
    """GetBucketPolicyStatus, which the emulator otherwise answers with a listing of the bucket."""
    listing = s3._list_objects_v1

    def answer(bucket: str, query: dict[str, Any]) -> Any:
        if "policyStatus" not in query:
            return listing(bucket, query)
        policy = s3._bucket_policies.get(bucket)
        if not policy:
            return s3._error("NoSuchBucketPolicy", "The bucket policy does not exist", 404, f"/{bucket}")
        public = "true" if s3._policy_is_public(policy) else "false"
        text = f'<PolicyStatus xmlns="{s3.S3_NS}"><IsPublic>{public}</IsPublic></PolicyStatus>'
        return 200, {"Content-Type": "application/xml"}, text.encode()

    s3._list_objects_v1 = answer
