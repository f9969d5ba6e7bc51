"""What identity-based policies allow: one evaluator for every control about permissions. Pure.

An explicit `Deny` comes first, then an `Allow` is needed, then every permissions boundary has to allow the same (IAM
User Guide, "Policy evaluation logic", "Permissions boundaries for IAM entities"; "IAM JSON policy elements: NotAction",
"... NotResource"). Where the request decides, through a condition or a pattern that AWS's pages leave open, the answer
is conditional: neither allowed nor denied.

Questions about *every* resource of a type, or every action of a service, are asked for one that no policy names
(`ANY`): what covers it covers all but those that are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final

from goldseam.clouds.aws.conditions import Line, lines_of, texts
from goldseam.clouds.aws.policy_conditions import Context, Tri, all_of, any_of, is_met
from goldseam.clouds.aws.policy_globs import UNRESOLVED, any_action, covers_resource, substituted
from goldseam.clouds.aws.shapes import statements
from goldseam.clouds.aws.statements import VERSION
from goldseam.model.values import Json

ANY: Final = "\ue000"
"""A name that no policy contains: in an action or an ARN, it stands for any that is not named."""


class Access(IntEnum):
    """Whether policies allow a request; the lesser of two holds where both must."""

    DENIED = 0
    CONDITIONAL = 1
    ALLOWED = 2


@dataclass(frozen=True)
class AccessRequest:
    """An action on a resource (`*` where the action takes none), and what is known of the rest of the request."""

    action: str
    resource: str
    context: Context = field(default_factory=Context)


class Statement:
    """A statement of an identity-based policy, taken apart once."""

    def __init__(self, written: Json, *, version: str) -> None:
        self.allows = written.get("Effect") == "Allow"
        self.by_exception = "NotAction" in written
        self._actions = any_action(texts(written.get("NotAction" if self.by_exception else "Action")))
        self._but = "NotResource" in written
        self.resources = texts(written.get("NotResource" if self._but else "Resource"))
        self._condition: tuple[Line, ...] = lines_of(written)
        self._has_variables = version == VERSION

    def covers_action(self, action: str) -> bool:
        """Whether it is about an action, given in lower case."""
        return (self._actions.match(action) is not None) is not self.by_exception

    def applies(self, request: AccessRequest) -> Tri:
        """Whether it holds for a request whose action it is about.

        A variable without a value covers nothing, or makes the statement invalid ("Variables and tags"), which is open
        where the statement is about everything else.
        """
        return all_of((self._covers(request), is_met(self._condition, request.context)))

    def _covers(self, request: AccessRequest) -> Tri:
        patterns = [self._filled(each, request) for each in self.resources]
        found = any_of(covers_resource(each, request.resource) for each in patterns)
        if not self._but or found is None:
            return found
        return None if not found and any(UNRESOLVED in each for each in patterns) else not found

    def _filled(self, pattern: str, request: AccessRequest) -> str:
        return substituted(pattern, request.context.variable) if self._has_variables else pattern


class PrincipalPolicies:
    """The identity-based policies of one principal, or one policy alone, with its permissions boundary if known."""

    def __init__(self, documents: Iterable[Json], boundary: PrincipalPolicies | None = None) -> None:
        self._boundary = boundary
        held = [
            Statement(written, version=str(document.get("Version", "")))
            for document in documents
            for written in statements(document)
        ]
        self._allow = tuple(statement for statement in held if statement.allows)
        self._deny = tuple(statement for statement in held if not statement.allows)

    @cached_property
    def named(self) -> PrincipalPolicies:
        """The same without the statements that allow everything but some actions."""
        return self._with(tuple(statement for statement in self._allow if not statement.by_exception), self._deny)

    @cached_property
    def undenied(self) -> PrincipalPolicies:
        """The same without denials."""
        return self._with(self._allow, ())

    def _with(self, allow: tuple[Statement, ...], deny: tuple[Statement, ...]) -> PrincipalPolicies:
        made = PrincipalPolicies((), self._boundary)
        made._allow, made._deny = allow, deny
        return made

    @cached_property
    def _mentioned(self) -> dict[str, bool]:
        return {}

    def mentions(self, action: str) -> bool:
        """Whether a statement that allows something is about the action, on whatever resource."""
        if action not in self._mentioned:
            self._mentioned[action] = any(statement.covers_action(action.lower()) for statement in self._allow)
        return self._mentioned[action]

    def access(self, request: AccessRequest) -> Access:
        """Whether a request is allowed."""
        action = request.action.lower()
        allowed = _applies(self._allow, action, request)
        denied = allowed is False or _applies(self._deny, action, request)
        if denied:
            return Access.DENIED
        own = Access.CONDITIONAL if denied is None or allowed is None else Access.ALLOWED
        return own if self._boundary is None else min(own, self._boundary.access(request))

    def resources(self) -> Iterator[str]:
        """The patterns of resources that the statements which allow something name."""
        for statement in self._allow:
            yield from statement.resources


def _applies(held: Sequence[Statement], action: str, request: AccessRequest) -> Tri:
    return any_of(statement.applies(request) for statement in held if statement.covers_action(action))
