"""Every error that Goldseam raises, one class for each thing that a caller can do about it.

    GoldseamError                 exit code
    ├── UsageError                2   the request itself is wrong: correct it
    │   ├── UnknownName               no such control, finding, plan, region…; carries the nearest right words
    │   └── InvalidDocument           a policy or other file is wrong; carries file and line
    ├── HomeError                 2   the home folder cannot be used
    │   ├── HomeLocked                another process holds it: wait, or stop that one
    │   ├── Unreadable                a stored row cannot be understood: scan again, the rest is not touched
    │   └── StorageFull               no space left: free some, then repeat
    ├── Refused                   1   a law or a person says no: nothing was changed
    │   ├── PlanRefused               the plan would not pass its control, or would break another
    │   ├── Stale                     the object changed since the plan was made: plan again
    │   ├── NotPermitted              the actor lacks a right: somebody who has it must do it
    │   ├── NotApproved               approvals are missing
    │   ├── ExemptResource            an exemption in force forbids the change
    │   ├── AlreadyDone               this plan was executed, or granted, before
    │   ├── LimitReached              a limit on automated repairs is used up: `limit` names it
    │   ├── ClaimLost                 another process took the repair over: this one stops
    │   ├── GrantRefused              the key source gave no key
    │   ├── RefusedCall               a call that is not in the plan was stopped before it was sent
    │   └── RollbackRefused           the object changed since the repair: see both changes first
    ├── ResourceGone              3   the resource does not exist any more
    ├── LedgerBroken              3   the ledger does not verify
    └── CloudError                3   the cloud did not do what was asked
        ├── CredentialsMissing        no credentials are configured
        ├── CredentialsExpired        credentials were configured and are no longer valid
        ├── AccessDenied              the identity may not do this
        ├── Throttled                 the cloud asked to slow down until retries ran out
        ├── Unreachable               no answer from the endpoint
        │   └── TimedOut                  no complete answer in the time that is allowed for it
        ├── LimitExceeded             the answer is larger or longer than it can be
        ├── NotOffered                the service does not exist in that region
        ├── NotFound                  the cloud holds no such thing
        ├── Outdated                  another version is there than the one that the call replaces: nothing was done
        └── CallFailed                any other answer that is an error

Messages are lower case, without a full stop, with what the user wrote in backticks, and end in what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

MISSHAPEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
    re.error,
)
"""What code raises on a document of a form that was not foreseen.

Who looks at one resource of many catches these: that resource is unknown, with `in_words` of the exception as the
reason, and the others are looked at. What the machine raises (OSError, MemoryError, RuntimeError of threads and pools),
an interrupt and this program's own errors are none of them: they are not about the document.
"""

UNFORESEEN: Final = (*MISSHAPEN, RuntimeError)
"""The same of pure code, rules, facts and deciding: there a RuntimeError is about the document too (a generator that
ended early), since no machinery is near."""


class NotUnderstood(ValueError):
    """A document that is not as expected, with what is odd about it in words for a person."""


class _Debugging:
    """Whether reasons name Python's exceptions: with `--debug` only."""

    on = False


DEBUGGING: Final = _Debugging()
_UNEXPECTED: Final = "a value has not the expected form"
_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (StopIteration, "an item is missing"),
    (IndexError, "an item is missing"),
    (LookupError, "a member is missing"),
    (ArithmeticError, "a number is out of range"),
    (RecursionError, "it is nested too deeply"),
    (UnicodeError, "a text is not valid Unicode"),
    (TypeError, "a value is not of the expected type"),
    (AttributeError, "a value is not of the expected type"),
    (RuntimeError, "an item is missing"),
)
_LONGEST_KEY: Final = 80


def in_words(error: Exception, *, discreet: bool = False) -> str:
    """What an unforeseen exception says of a document, as a person would say it.

    Python's own words are for whoever debugs. With `discreet` nothing of the document is repeated.
    """
    words = _in_words(error, discreet=discreet)
    if not DEBUGGING.on:
        return words
    return f"{words} [{type(error).__name__}{'' if discreet else f': {error}'}]"


def _in_words(error: Exception, *, discreet: bool) -> str:
    if isinstance(error, NotUnderstood) and not discreet:
        return str(error)
    if isinstance(error, KeyError) and not discreet and error.args and isinstance(error.args[0], str):
        return f"`{error.args[0][:_LONGEST_KEY]}` is missing"
    if type(error).__name__ == "JSONDecodeError":
        return "it is not JSON"
    return next((words for kind, words in _WORDS if isinstance(error, kind)), _UNEXPECTED)


class GoldseamError(Exception):
    """The root; `exit_code` is what the command line ends with."""

    exit_code = 3


class UsageError(GoldseamError):
    """The request itself is wrong."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that nothing has; the message offers the nearest ones that exist."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.nearest = tuple(difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5))
        hint = f"; did you mean {' or '.join(f'`{word}`' for word in self.nearest)}?" if self.nearest else ""
        super().__init__(f"there is no {what} `{name}`{hint}")


class InvalidDocument(UsageError):
    """A file that cannot be used as it stands; says which, on what line, and what is wrong."""

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}")


class HomeError(GoldseamError):
    """The home folder cannot be used."""

    exit_code = 2


class HomeLocked(HomeError):
    """Another process holds what is needed."""


class Unreadable(HomeError):
    """A stored row cannot be understood; the message says which and why."""


class StorageFull(HomeError):
    """No space is left where the home folder is."""


class Refused(GoldseamError):
    """A law or a person says no; nothing was changed."""

    exit_code = 1


class PlanRefused(Refused):
    """The plan would not make its control pass, or would break another."""


class Stale(Refused):
    """The object is not what the plan was made for."""


class NotPermitted(Refused):
    """The actor lacks the right that a use case needs."""


class NotApproved(Refused):
    """Approvals are missing."""


class ExemptResource(Refused):
    """An exemption in force forbids the change."""


class AlreadyDone(Refused):
    """This plan was executed, or granted, before."""


class LimitReached(Refused):
    """A limit on automated repairs is used up; `limit` is its name in the policy (`per_hour`, `per_account`)."""

    def __init__(self, message: str, limit: str) -> None:
        self.limit = limit
        super().__init__(message)


class ClaimLost(Refused):
    """Another process took the repair over, or its claim was released: nothing was written, nothing more is sent."""


class GrantRefused(Refused):
    """The key source gave no key."""


class RefusedCall(Refused):
    """A call outside the plan was stopped before it was sent."""


class RollbackRefused(Refused):
    """The object changed since the repair; `view` holds, by facet, it before, after the repair, and now."""

    def __init__(self, message: str, view: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.view = view or {}
        super().__init__(message)


class ResourceGone(GoldseamError):
    """The resource does not exist any more."""


class LedgerBroken(GoldseamError):
    """The ledger does not verify; says at which entry and how."""


class CloudError(GoldseamError):
    """The cloud did not do what was asked.

    `operation` is the call in the SDK's spelling, `code` the cloud's own error code, `request_id` its request's.
    `uncertain` says that the call may have been carried out nevertheless, by this attempt or an earlier one: then only
    a reading shows whether it was.
    """

    uncertain: bool = False

    def __init__(self, message: str, *, operation: str = "", code: str = "", request_id: str = "") -> None:
        self.operation, self.code, self.request_id = operation, code, request_id
        super().__init__(message)


class CredentialsMissing(CloudError):
    """No credentials are configured."""


class CredentialsExpired(CloudError):
    """The configured credentials are no longer valid."""


class AccessDenied(CloudError):
    """The identity may not do this."""


class Throttled(CloudError):
    """The cloud asked to slow down until the retries ran out."""


class Unreachable(CloudError):
    """No answer came from the endpoint."""

    uncertain = True


class TimedOut(Unreachable):
    """No complete answer came in the time that is allowed for it."""


class LimitExceeded(CloudError):
    """The answer is larger, or the listing longer, than what is taken; no part of it is used."""


class NotOffered(CloudError):
    """The service does not exist in that region, so nothing of it can be there."""


class NotFound(CloudError):
    """The cloud holds no such thing."""


class Outdated(CloudError):
    """Another version is there than the one that the call would replace; it was not done."""


class CallFailed(CloudError):
    """Any other answer that is an error."""

    uncertain = True
