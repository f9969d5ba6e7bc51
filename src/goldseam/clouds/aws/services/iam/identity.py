"""What policies of an identity let their holder do: everything, all of one service, or more than they say. Pure.

Conditions: what a request decides (MFA, the source address, the time, the region) does not make a permission smaller,
so a permission under such a condition counts, and is called conditional (AWS Security Hub User Guide, "Security Hub
CSPM controls for AWS KMS", KMS.1 takes no condition into account). What no request about an unnamed resource can meet,
such as a tag of it, does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from goldseam.clouds.aws.policy_evaluator import ANY, Access
from goldseam.clouds.aws.services.iam.escalation import escalations
from goldseam.clouds.aws.services.iam.holder import Holder, Keys
from goldseam.clouds.aws.shapes import statements
from goldseam.model.values import ABSENT, Json, Value

_ANYTHING: Final = ("arn:{partition}:{any}:{any}:{account}:{any}",)
_ANY_KEY: Final = ("arn:{partition}:kms:{region}:{account}:key/{any}",)
_ANY_TRAIL: Final = ("arn:{partition}:cloudtrail:{region}:{account}:trail/{any}",)
_ANY_IAM: Final = ("arn:{partition}:iam::{account}:{any}",)


class Given(NamedTuple):
    """A permission that policies give, and whether for certain or under a condition."""

    what: str
    certain: bool

    def __str__(self) -> str:
        """What it is, for a reason."""
        return self.what if self.certain else f"{self.what} (under a condition)"


def is_administrator(holder: Holder, known: Keys | None = None) -> Access:
    """Whether every action is allowed on every resource, IAM's too; `known` as for `Holder.access`.

    A denial counts where it takes everything away, not where it takes some: FSBP IAM.1 looks for the statement that
    allows `*` on `*` (AWS Security Hub User Guide, "Security Hub CSPM controls for IAM").
    """
    anything = holder.access(f"{ANY}:{ANY}", _ANYTHING, known=known)
    return min(anything, holder.access(f"iam:{ANY}", _ANY_IAM, holder.policies.undenied, known))


def _administers(holder: Holder) -> list[Given]:
    return _given("every action on every resource", is_administrator(holder))


def _given(what: str, access: Access) -> list[Given]:
    return [Given(what, access is Access.ALLOWED)] if access else []


def _escalates(holder: Holder) -> list[Given]:
    return [given for path, access in escalations(holder).items() for given in _given(str(path), access)]


def _all_of(service: str, words: str, resources: tuple[str, ...]) -> Callable[[Holder], list[Given]]:
    return lambda holder: _given(words, holder.access(f"{service}:{ANY}", resources))


def _decrypts(holder: Holder) -> list[Given]:
    """KMS.1 names these two actions."""
    return [
        given
        for action in ("kms:Decrypt", "kms:ReEncryptFrom")
        for given in _given(action, holder.access(action, _ANY_KEY))
    ]


_TOLD_APART: Final = frozenset({"kms", "cloudtrail"})


def _whole_services(holder: Holder) -> list[Given]:
    """The services of which every action is given, but for those that are told by themselves."""
    found: list[Given] = []
    for service in sorted(set(_named_whole(holder)) - _TOLD_APART):
        found += _given(f"{service}:*", holder.access(f"{service}:{ANY}", _of_service(service, holder)))
    return found


def _named_whole(holder: Holder) -> Iterator[str]:
    """The services whose actions a statement names with a star."""
    for action in _allowed(holder, "Action"):
        service, _, rest = action.lower().partition(":")
        if rest and not rest.strip("*") and service.strip("*"):
            yield service


def _of_service(service: str, holder: Holder) -> tuple[str, ...]:
    """Resources that no policy names, of any type of a service, or of one type that a statement names with a star."""
    if service == "s3":
        return ("arn:{partition}:s3:::{any}", "arn:{partition}:s3:::{any}/{any}")
    prefix = "arn:{partition}:" + service
    typed = {each for resource in _allowed(holder, "Resource") for each in _type_of(resource)}
    return tuple(
        f"{prefix}:{place}:{kind}{{any}}"
        for place in ("{region}:{account}", ":{account}", "{region}:", ":")
        for kind in ("", *sorted(typed))
    )


def _type_of(resource: str) -> Iterator[str]:
    """`table/` of `arn:aws:dynamodb:*:*:table/*`."""
    kind = resource.split(":", 5)[-1] if resource.count(":") >= 5 else ""  # noqa: PLR2004 - an ARN has six parts
    name = kind.rstrip("*")
    if kind != name and name[-1:] in {"/", ":"} and name[:-1].replace("-", "").isalpha():
        yield name


def _allowed(holder: Holder, member: str) -> Iterator[str]:
    for document in holder.documents:
        for statement in statements(document):
            if statement.get("Effect") == "Allow":
                value = statement.get(member)
                yield from value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _action(action: str, words: str, *resources: str) -> Callable[[Holder], list[Given]]:
    return lambda holder: _given(words, holder.access(action, resources))


GIVES: Final[Mapping[str, Callable[[Holder], list[Given]]]] = {
    "administrator": _administers,
    "escalation": _escalates,
    "kms": _all_of("kms", "all of KMS", _ANY_KEY),
    "cloudtrail": _all_of("cloudtrail", "all of CloudTrail", _ANY_TRAIL),
    "service": _whole_services,
    "decrypt": _decrypts,
    "any-role": _action("sts:AssumeRole", "sts:AssumeRole on every role"),
    "marketplace": _action("aws-marketplace:Subscribe", "aws-marketplace:Subscribe", "*"),
}
"""By a word for the excess: what of it a holder is given."""


def excess(word: str, documents: Iterable[Json], arn: str, boundary: Value = ABSENT) -> list[Given]:
    """What of an excess policies give that count together; one that gives everything is told once."""
    holder = Holder(documents, arn, boundary)
    if word != "administrator" and is_administrator(holder):
        return []
    return GIVES[word](holder)


_SHOWN: Final = 8


def listed(found: Sequence[Given]) -> str:
    """What is given, the first of it by name."""
    shown = ", ".join(map(str, found[:_SHOWN]))
    more = len(found) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
