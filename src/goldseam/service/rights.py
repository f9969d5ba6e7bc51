"""Who uses a use case, and the right that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import update_wrapper
from typing import TYPE_CHECKING, Concatenate, Final, Generic, ParamSpec, TypeVar

from goldseam.model.errors import NotPermitted

if TYPE_CHECKING:
    from goldseam.service.context import ServiceContext

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Right(StrEnum):
    """What an actor may do; the list is closed, and every use case needs exactly one of it."""

    READ = "read"
    """Findings, plans, controls, permission policies and the ledger, with sensitive values masked."""
    SCAN = "scan"
    PLAN = "plan"
    APPROVE = "approve"
    """Approve plans, and reject them."""
    EXEMPT = "exempt"
    REPAIR = "repair"
    """Execute plans, and finish what was interrupted."""
    ROLL_BACK = "roll-back"
    REVIEW = "review"
    """Review emergency rollbacks of others."""
    SET_POLICY = "set-policy"
    CONNECT = "connect"
    """Choose where keys come from."""
    MANAGE_STORE = "manage-store"
    """Copy, migrate and prune the database."""
    SEAL = "seal"
    """Sign the ledger, and accept a broken one."""


EVERY_RIGHT: Final = frozenset(Right)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who uses a use case.

    `authenticated` is true where someone else than the actor vouches for the name: a console's login, say. The name
    on a command line is what was typed there.
    """

    name: str
    rights: frozenset[Right] = EVERY_RIGHT
    authenticated: bool = False


@dataclass(eq=False)
class UseCase(Generic[_Given, _Result]):
    """A function on a context, refused where its actor lacks the right; calling it raises NotPermitted then."""

    function: Callable[Concatenate[ServiceContext, _Given], _Result]
    right: Right

    def __call__(self, context: ServiceContext, *given: _Given.args, **named: _Given.kwargs) -> _Result:
        """Check the right, then call the function."""
        if self.right not in context.actor.rights:
            msg = f"`{context.actor.name}` has no right to {self.right}; ask whoever gives rights for `{self.right}`"
            raise NotPermitted(msg)
        return self.function(context, *given, **named)


def needs(
    right: Right,
) -> Callable[[Callable[Concatenate[ServiceContext, _Given], _Result]], UseCase[_Given, _Result]]:
    """Declare the right that a use case needs."""

    def declared(function: Callable[Concatenate[ServiceContext, _Given], _Result]) -> UseCase[_Given, _Result]:
        made = UseCase(function, right)
        update_wrapper(made, function)
        return made

    return declared
