"""Policy documents by statement: what a statement lets everyone do, and how exactly that is taken out. Pure.

"Everyone" follows "The meaning of public" (Amazon S3 User Guide, Blocking public access): a statement is public unless
its principals are named, or a condition that every request must meet ties it to fixed values: a wildcard, a policy
variable, a negated operator, one that is satisfied by an absent key (`IfExists`, `ForAllValues`) or an empty list is no
limit. Against that page, a `Deny` beside the statement counts where it leaves over nobody but what fixed values name.

The answer has three values: public, not public, and not known, where a condition key or a value is not understood
(`conditions.py`; decision 14). Not known is never repaired, and never passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from goldseam.clouds.aws.condition_values import names_somebody
from goldseam.clouds.aws.conditions import (
    Line,
    all_are,
    known_key,
    limits,
    line_of,
    lines_of,
    required_keys,
    spelled,
    texts,
)
from goldseam.clouds.aws.policy_denials import denials_of
from goldseam.clouds.aws.policy_patterns import Denials, Patterns
from goldseam.clouds.aws.principals import EVERYONE, has_everyone, named_principals, reaches_everyone
from goldseam.clouds.aws.shapes import statements
from goldseam.control import ShouldBe, Verdict, compliant, undecided, violation
from goldseam.model.values import ABSENT, Json, Unknown, Value, canonical

VERSION: Final = "2012-10-17"


def policy_document(*held: Json) -> dict[str, Json]:
    """A policy of these statements."""
    return {"Version": VERSION, "Statement": list(held)}


def public_access(statement: Json, beside: Sequence[Json] = ()) -> bool | Unknown:
    """Whether a statement allows anything to everyone; `beside` are the statements of the same policy."""
    return _judged([statement], beside)[0]


def is_public(statement: Json, beside: Sequence[Json] = ()) -> bool:
    """Whether a statement is known to allow anything to everyone."""
    return public_access(statement, beside) is True


def may_be_public(statement: Json) -> bool:
    """Whether a statement is not known to be closed to everyone, by itself."""
    return public_access(statement) is not False


class Sorted(NamedTuple):
    """The statements of a policy that allow something to everyone, and why it is not known of others."""

    public: list[Json]
    unknown: list[str]


def sorted_out(policy: Value) -> Sorted:
    """Which statements of a policy are public, and which are not known to be or not to be."""
    held = statements(policy)
    judged = _judged(held, held)
    public = [statement for statement, found in zip(held, judged, strict=True) if found is True]
    return Sorted(public, [found.reason for found in judged if isinstance(found, Unknown)])


def _judged(held: Sequence[Json], beside: Sequence[Json]) -> list[bool | Unknown]:
    """Of each statement of a policy whether it is public; what its denials close is worked out once for all."""
    found = [_allows_everyone(statement) for statement in held]
    if not any(answer is not False for answer in found):
        return found
    closing, perhaps = denials_of(beside)
    return [
        answer if answer is False else _beside(statement, answer, closing, perhaps)
        for statement, answer in zip(held, found, strict=True)
    ]


def _beside(statement: Json, answer: Literal[True] | Unknown, closing: Denials, perhaps: Denials) -> bool | Unknown:
    """What is left of an answer beside the denials of the policy."""
    actions, resources = (texts(statement.get(member)) or (EVERYONE,) for member in ("Action", "Resource"))
    if closing.close(actions, resources):
        return False
    if answer is True and perhaps.close(actions, resources):
        return Unknown(f"{name_of(statement)}: a Deny has a condition that is not understood")
    return answer


def _allows_everyone(statement: Json) -> bool | Unknown:
    if statement.get("Effect") != "Allow" or not reaches_everyone(statement):
        return False
    lines = lines_of(statement)
    if not lines:
        return True
    required = required_keys(lines)
    found = [limits(line, required) for line in lines]
    if True in found:
        return False
    if None not in found:
        return True
    condition = spelled(statement["Condition"])[found.index(None)]
    return Unknown(f"{name_of(statement)}: it is not known whether condition key {condition} limits who is allowed")


def without_public(policy: Value, instead: Callable[[Json], Iterable[Json]] | None = None) -> Value:
    """The policy closed to everyone; statements that name who may stay, in their order, as they are.

    A public statement is replaced by what `instead` (`closed`, when none is given) leaves of it. What is not known to
    be public stays.
    """
    held, remains = statements(policy), instead or closed
    pairs = zip(held, _judged(held, held), strict=True)
    kept = [part for item, found in pairs for part in (remains(item) if found is True else (item,))]
    return _with_statements(policy, kept)


def not_public(policy: Value, close: Callable[[Value], Value] = without_public, facet: str = "policy") -> Verdict:
    """The verdict on a policy that should allow nothing to everyone, and what is left of it closed."""
    found = sorted_out(policy)
    return verdict_on_public(list(map(label, found.public)), found.unknown, lambda: close(policy), facet)


def none_public(policies: Mapping[str, Json], facet: str = "policies") -> Verdict:
    """The verdict on policies by name that should allow nothing to everyone; one that is left empty goes."""
    found = {name: sorted_out(policy) for name, policy in policies.items()}
    public = [f"policy `{name}`: {label(item)}" for name, each in found.items() for item in each.public]
    unknown = [f"policy `{name}`: {reason}" for name, each in found.items() for reason in each.unknown]

    def closed_ones() -> Value:
        left = {name: without_public(policy) if found[name].public else policy for name, policy in policies.items()}
        return {name: policy for name, policy in left.items() if policy is not ABSENT}

    return verdict_on_public(public, unknown, closed_ones, facet)


def verdict_on_public(public: Sequence[str], unknown: Sequence[str], close: Callable[[], Value], facet: str) -> Verdict:
    """The verdict on what is public and what is not known to be: only where all is known is there a fix.

    `close` makes the facet's value without what is public. Where it leaves something unknown, a person decides: the
    control would not pass after the change (law 1).
    """
    settled = without_fix(public, unknown)
    if settled is not None:
        return settled
    left = close()
    settled = without_fix(public, _unknown_of(left))
    return ShouldBe({facet: left}, "; ".join(public)) if settled is None else settled


def without_fix(public: Sequence[str], unknown: Sequence[str]) -> Verdict | None:
    """The verdict where there is nothing to fix, or nobody may before a person decides; None where there is a fix."""
    if not public:
        return undecided(because="; ".join(unknown)) if unknown else compliant
    if unknown:
        return violation(because="; ".join(public), guide=f"{'; '.join(unknown)}. {_DECIDE}")
    return None


def _unknown_of(left: Value) -> list[str]:
    """Why it is not known of what is left of a policy, or of policies by name, that it is closed."""
    several = isinstance(left, Mapping) and "Statement" not in left
    return [reason for policy in (left.values() if several else (left,)) for reason in sorted_out(policy).unknown]


_DECIDE: Final = (
    "1. find out whom that condition lets in; 2. name the principals, accounts or sources in the statement instead, or "
    "take it out; 3. scan again: what is public is then repaired"
)


def with_statement(policy: Value, statement: Json) -> Value:
    """The policy with a statement at its end, its Sid numbered when taken; a policy that has it already as it is."""
    held = statements(policy)
    if canonical(_without_sid(statement)) in (canonical(_without_sid(item)) for item in held):
        return policy
    taken = {item.get("Sid") for item in held}
    added = dict(statement)
    if "Sid" in added:
        added["Sid"] = next(sid for sid in _numbered(added["Sid"]) if sid not in taken)
    return {**({"Version": VERSION} if policy is ABSENT else policy), "Statement": [*held, added]}


def closed(statement: Json) -> tuple[Json, ...]:
    """What remains of a public statement when everyone is taken out: the named principals, and the narrow values.

    A statement for everyone beside an account stays for the account; one for everyone from two address ranges of
    which one is the world stays for the other. With both, it becomes two statements.
    """
    named, narrow = named_principals(statement), _narrowed(statement)
    parts = [{**statement, "Principal": named}] if named else []
    if narrow is not None:
        rest = {**statement, "Condition": narrow}
        parts.append({**_without_sid(rest), "Principal": EVERYONE} if named else rest)
    return tuple(parts)


def refuses_plain_http(statement: Json) -> bool:
    """Whether a statement denies everyone's requests that do not come over TLS, with no further condition."""
    if statement.get("Effect") != "Deny" or "Condition" not in statement or not has_everyone(statement):
        return False
    asked = lines_of(statement)
    return len(asked) == 1 and _is_bool(asked[0], "aws:securetransport", "false")


def _is_bool(test: Line, key: str, wanted: str) -> bool:
    return test.operator == "bool" and test.key == key and test.quantifier == "" and all_are(test.values, wanted)


def tls_denial(action: str, *resources: str) -> dict[str, Json]:
    """The statement that refuses an action on resources to requests that do not come over TLS."""
    return {
        "Sid": "GoldseamTlsOnly",
        "Effect": "Deny",
        "Principal": EVERYONE,
        "Action": action,
        "Resource": resources[0] if len(resources) == 1 else list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def asks_tls(policy: Value, action: str, *resources: str) -> bool:
    """Whether a policy refuses an action on each of these resources to requests that do not come over TLS."""
    guards = [item for item in statements(policy) if refuses_plain_http(item) and covers(item, "Action", action)]
    return all(any(covers(item, "Resource", resource) for item in guards) for resource in resources)


def covers(statement: Json, member: str, wanted: str) -> bool:
    """Whether one of a statement's `Action`s or `Resource`s takes in everything that the wanted pattern does."""
    return Patterns(texts(statement.get(member)), actions=member.endswith("Action")).take_in(wanted)


def label(statement: Json) -> str:
    """How a person tells the statement from its neighbours: its Sid, and what it allows."""
    actions = ", ".join(texts(statement.get("Action"))) or f"all but {', '.join(texts(statement.get('NotAction')))}"
    return f"{name_of(statement)} allows everyone {actions}"


def name_of(statement: Json) -> str:
    """The Sid of a statement, in words."""
    return f"statement `{statement['Sid']}`" if statement.get("Sid") else "a statement without Sid"


def _without_sid(statement: Json) -> dict[str, Json]:
    return {key: value for key, value in statement.items() if key != "Sid"}


def _with_statements(policy: Value, kept: list[Json]) -> Value:
    return {**policy, "Statement": kept} if kept else ABSENT


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}{number}"
        number += 1


def _narrowed(statement: Json) -> Json:
    """The condition without the values that take in everyone, when others are left to hold it; else None."""
    required = required_keys(lines_of(statement))
    block, found = {}, False
    for operator, keys in (statement.get("Condition") or {}).items():
        block[operator] = dict(keys)
        for key, value in keys.items():
            left = [] if found else _narrow_values(operator, key, value)
            if left and limits(line_of(operator, key, left), required) is not False:
                block[operator][key], found = left, True
    return block if found else None


def _narrow_values(operator: str, key: str, value: Json) -> list[str]:
    """The values of a condition that do not take in everyone, also those of which that is not known."""
    line = line_of(operator, key, value)
    known = known_key(line.key)
    return [] if known is None else [item for item in line.values if names_somebody(known.narrows, item) is not False]
