"""Turns what the SDK raises into Goldseam's own errors; no SDK exception leaves this folder."""

from __future__ import annotations

from typing import Final

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from goldseam.clouds.aws.transport import DeadlineExceeded, TooLarge, UnknownHost
from goldseam.model.errors import (
    AccessDenied,
    CallFailed,
    CloudError,
    CredentialsExpired,
    CredentialsMissing,
    GoldseamError,
    LimitExceeded,
    NotFound,
    Outdated,
    Throttled,
    TimedOut,
    Unreachable,
    UsageError,
)

THROTTLES: Final = frozenset(
    (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ),
)
"""What AWS services say when they want fewer calls; botocore's list without `LimitExceededException`,
which most services say when a quota is used up."""

_DENIALS: Final = frozenset(
    (
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
    ),
)
_INVALID_CREDENTIALS: Final = frozenset(
    (
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    ),
)
_OUTDATED: Final = frozenset(
    (
        "InvalidIfMatchVersion",
        "InvalidTokenException",
        "PreconditionFailed",
        "StaleRequestException",
        "WAFOptimisticLockException",
        "WAFStaleDataException",
    ),
)
"""What services say that compare a version and set only where it is theirs; with Network Firewall it is a token."""

_NOT_FOUND_ENDINGS: Final = (
    "NotFound",
    "NotFoundError",
    "NotFoundException",
    "NotFoundFault",
    "NonExistentQueue",
    "QueueDoesNotExist",
)
_LONGEST: Final = 400


def failure(
    operation: str, error: sdk.BotoCoreError | sdk.ClientError | ResponseParserError | RecursionError
) -> GoldseamError:
    """The error to raise instead of the SDK's; `operation` is `service.Operation`."""
    if isinstance(error, sdk.ClientError):
        return _answered(operation, error)
    if isinstance(error, sdk.NoRegionError):
        return UsageError("no AWS region is configured; set `AWS_REGION` or `region` in the profile")
    return _unanswered(operation, error)


def _answered(operation: str, error: sdk.ClientError) -> CloudError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    request_id = str(error.response.get("ResponseMetadata", {}).get("RequestId", ""))
    message = f"{operation}: {_said(error, code)} ({code})"
    return _kind_of(code)(message, operation=operation, code=code, request_id=request_id)


def _kind_of(code: str) -> type[CloudError]:
    # EC2 spells some codes with a prefix (`Client.UnauthorizedOperation`).
    word = code.removeprefix("Client.")
    if word in THROTTLES:
        return Throttled
    if word in _DENIALS:
        return AccessDenied
    if word in _INVALID_CREDENTIALS:
        return CredentialsExpired
    if word in _OUTDATED:
        return Outdated
    if word == "404" or word.startswith("NoSuch") or word.endswith(_NOT_FOUND_ENDINGS):
        return NotFound
    return CallFailed


def _said(error: sdk.ClientError, code: str) -> str:
    """What AWS says, on one line; its answer to a wrong signature repeats the request with the session token."""
    if code == "SignatureDoesNotMatch":
        return "the secret key does not belong to the access key, or the clock of this machine is wrong"
    text = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
    return text[:_LONGEST].rstrip(".") or "no message"


_MISSING = (sdk.NoCredentialsError, sdk.PartialCredentialsError, sdk.CredentialRetrievalError, sdk.NoAuthTokenError)
_LATE = (DeadlineExceeded, sdk.ReadTimeoutError, sdk.ConnectTimeoutError)
_BEYOND = (TooLarge, sdk.PaginationError)
_EXPIRED = (
    sdk.SSOTokenLoadError,
    sdk.TokenRetrievalError,
    sdk.UnauthorizedSSOTokenError,
    sdk.RefreshWithMFAUnsupportedError,
)


def _unanswered(operation: str, error: sdk.BotoCoreError | ResponseParserError | RecursionError) -> CloudError:
    code = type(error).__name__
    text = " ".join(str(error).split())[:_LONGEST].rstrip(".")
    if isinstance(error, _MISSING):
        hint = "no AWS credentials were found; run `aws configure sso`, or set `AWS_PROFILE`"
        return CredentialsMissing(f"{hint} ({text})", operation=operation, code=code)
    if isinstance(error, _EXPIRED):
        hint = "the AWS sign-in is not valid any more; run `aws sso login`"
        return CredentialsExpired(f"{hint} ({text})", operation=operation, code=code)
    if isinstance(error, _LATE):
        why = text if isinstance(error, DeadlineExceeded) else "no answer in time, with every retry"
        return TimedOut(f"{operation}: {why}", operation=operation, code=code)
    if isinstance(error, _BEYOND):
        why = text if isinstance(error, TooLarge) else "the same page token was returned twice"
        return LimitExceeded(f"{operation}: {why}", operation=operation, code=code)
    if isinstance(error, (sdk.HTTPClientError, sdk.ConnectionError, UnknownHost)):
        hint = f"{operation}: no answer; check the network and the endpoint"
        return Unreachable(f"{hint} ({text})", operation=operation, code=code)
    return CallFailed(f"{operation}: {text} ({code})", operation=operation, code=code)
