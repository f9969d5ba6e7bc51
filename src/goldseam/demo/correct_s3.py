"""Makes the emulator's S3 do what AWS documents, where Goldseam depends on it.

Adds the account-wide public access block (with its IAM actions and its effect on requests), the policy status, and the
metrics configurations of buckets. Deleting one of those otherwise deletes the bucket.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from typing import Any, Final, TypeAlias

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

_Answer: TypeAlias = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    _add_account_block()
    _add_policy_status()
    _add_metrics()


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


def _add_metrics() -> None:
    """The four operations on metrics configurations, each kept as it was sent; nothing is counted by them."""
    kept, general = account_store(s3, "goldseam_metrics_configurations"), s3._dispatch

    def dispatched(
        method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        if key or "metrics" not in query or method not in _METRICS:
            answer = general(method, bucket, key, headers, body, query)
            if s3._ensure_bucket(bucket) is None:
                kept.pop(bucket, None)
            return answer
        if s3._ensure_bucket(bucket) is None:
            return s3._no_such_bucket(bucket)
        return _METRICS[method](kept, bucket, s3._qp(query, "id"), body)

    s3._dispatch = dispatched


def _put_metrics(kept: Any, bucket: str, name: str, body: bytes) -> _Answer:
    text = body.decode()
    kept[bucket] = {**kept.get(bucket, {}), name: text[text.index("<MetricsConfiguration") :]}
    return 200, {}, b""


def _get_metrics(kept: Any, bucket: str, name: str, body: bytes) -> _Answer:
    """One configuration, or without a name all of them."""
    del body
    held = kept.get(bucket, {})
    if name and name not in held:
        return _no_metrics(bucket)
    inside = "".join(text for _, text in sorted(held.items()))
    listed = f'<ListMetricsConfigurationsResult xmlns="{s3.S3_NS}"><IsTruncated>false</IsTruncated>{inside}'
    text = held[name] if name else f"{listed}</ListMetricsConfigurationsResult>"
    return 200, {"Content-Type": "application/xml"}, text.encode()


def _delete_metrics(kept: Any, bucket: str, name: str, body: bytes) -> _Answer:
    del body
    held = kept.get(bucket, {})
    if name not in held:
        return _no_metrics(bucket)
    kept[bucket] = {other: text for other, text in held.items() if other != name}
    return 204, {}, b""


def _no_metrics(bucket: str) -> _Answer:
    missing: _Answer = s3._error(
        "NoSuchConfiguration", "The specified configuration does not exist.", 404, f"/{bucket}"
    )
    return missing


_METRICS: Final = {"GET": _get_metrics, "PUT": _put_metrics, "DELETE": _delete_metrics}
