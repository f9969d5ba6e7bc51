"""Policy documents by statement: what a statement lets everyone do, and how exactly that is taken out. Pure.

"Everyone" follows "The meaning of public" (Amazon S3 User Guide, Blocking public access): a statement is public unless
its principals are named, or a condition that every request must meet ties it to fixed values. What cannot match
everyone must be shown: a wildcard, a policy variable, an unknown key, a negated operator, one that is satisfied by an
absent key (`IfExists`, `ForAllValues`) or an empty list is no limit. Against that page, a `Deny` beside the
statement counts where it leaves over nobody but what fixed values name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Final, NamedTuple

from goldseam.clouds.aws.policy_patterns import Denial, Denials, Patterns
from goldseam.clouds.aws.shapes import statements
from goldseam.control import Verdict, compliant, should_be
from goldseam.values import ABSENT, Json, Value, canonical

EVERYONE: Final = "*"
VERSION: Final = "2012-10-17"

_POSITIVE: Final = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
_NEGATED: Final = frozenset(
    {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike", "notipaddress"}
)
_WIDEST_V4: Final = 8
_WIDEST_V6: Final = 32


def policy_document(*held: Json) -> dict[str, Json]:
    """A policy of these statements."""
    return {"Version": VERSION, "Statement": list(held)}


class Line(NamedTuple):
    """One line of a condition: operator and key in lower case, the values, and how an absent key is taken."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str
    if_exists: bool

    @property
    def asks_presence(self) -> bool:
        """Whether a request without the key fails a positive test."""
        return not self.if_exists and self.quantifier != "forallvalues"


def is_public(statement: Json, beside: Sequence[Json] = ()) -> bool:
    """Whether a statement allows anything to everyone; `beside` are the statements of the same policy."""
    return _allows_everyone(statement) and not _is_closed(statement, _denials(beside))


def public_statements(policy: Value) -> list[Json]:
    """The statements of a policy that allow something to everyone."""
    held = statements(policy)
    return [statement for statement, public in zip(held, _public(held), strict=True) if public]


def _public(held: Sequence[Json]) -> list[bool]:
    """Of each statement of a policy whether it is public; what its denials close is worked out once for all."""
    denials = _denials(held)
    return [_allows_everyone(statement) and not _is_closed(statement, denials) for statement in held]


def _allows_everyone(statement: Json) -> bool:
    return statement.get("Effect") == "Allow" and _reaches_everyone(statement) and not _limits(statement)


def without(policy: Value, offends: Callable[[Json], bool]) -> Value:
    """The policy without the statements that offend; `ABSENT` when none is left."""
    return _with_statements(policy, [statement for statement in statements(policy) if not offends(statement)])


def without_public(policy: Value, instead: Callable[[Json], Iterable[Json]] | None = None) -> Value:
    """The policy closed to everyone; statements that name who may stay, in their order, as they are.

    A public statement is replaced by what `instead` (`closed`, when none is given) leaves of it.
    """
    held, remains = statements(policy), instead or closed
    pairs = zip(held, _public(held), strict=True)
    kept = [part for item, public in pairs for part in (remains(item) if public else (item,))]
    return _with_statements(policy, kept)


def not_public(policy: Value) -> Verdict:
    """The verdict on a policy that should allow nothing to everyone, and what is left of it closed."""
    found = public_statements(policy)
    if not found:
        return compliant
    return should_be(policy=without_public(policy), because="; ".join(map(label, found)))


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
    named, narrow = _named_principals(statement), _narrowed(statement)
    parts = [{**statement, "Principal": named}] if named else []
    if narrow is not None:
        rest = {**statement, "Condition": narrow}
        parts.append({**_without_sid(rest), "Principal": EVERYONE} if named else rest)
    return tuple(parts)


def refuses_plain_http(statement: Json) -> bool:
    """Whether a statement denies everyone's requests that do not come over TLS, with no further condition."""
    if statement.get("Effect") != "Deny" or "Condition" not in statement or not _has_everyone(statement):
        return False
    asked = tests(statement)
    return len(asked) == 1 and _is_bool(asked[0], "aws:securetransport", "false")


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
    return Patterns(_texts(statement.get(member)), actions=member.endswith("Action")).take_in(wanted)


def label(statement: Json) -> str:
    """How a person tells the statement from its neighbours: its Sid, and what it allows."""
    name = f"statement `{statement['Sid']}`" if statement.get("Sid") else "a statement without Sid"
    actions = ", ".join(_texts(statement.get("Action"))) or f"all but {', '.join(_texts(statement.get('NotAction')))}"
    return f"{name} allows everyone {actions}"


def tests(statement: Json) -> tuple[Line, ...]:
    """The condition of a statement, line by line."""
    block = statement.get("Condition") or {}
    return tuple(_test(operator, key, value) for operator, keys in block.items() for key, value in keys.items())


def _test(operator: str, key: str, value: Json) -> Line:
    quantifier, _, name = operator.lower().rpartition(":")
    bare = name.removesuffix("ifexists")
    return Line(bare, key.lower(), _texts(value), quantifier, bare != name)


def _texts(value: Json) -> tuple[str, ...]:
    """One text or a list of them, as a tuple; booleans and numbers as policies spell them."""
    if isinstance(value, str):
        return (value,)
    items = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items)


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


# Principals


def _reaches_everyone(statement: Json) -> bool:
    """Everyone named, or everyone but some."""
    return "NotPrincipal" in statement or _has_everyone(statement)


def aws_principals(statement: Json) -> list[str]:
    """The accounts, roles and users that a statement names."""
    principal = statement.get("Principal")
    named = principal.get("AWS", []) if isinstance(principal, Mapping) else []
    return named if isinstance(named, list) else [named]


def _has_everyone(statement: Json) -> bool:
    principal = statement.get("Principal")
    return principal == EVERYONE or any(map(_is_everyone, _principals(principal)))


def _principals(principal: Json) -> tuple[str, ...]:
    if isinstance(principal, Mapping):
        return tuple(text for value in principal.values() for text in _texts(value))
    return _texts(principal)


def _is_everyone(value: str) -> bool:
    return value == EVERYONE or (EVERYONE in value and _in_any_account(value))


def _in_any_account(value: str) -> bool:
    return value.startswith("arn:") and value.split(":")[4:5] == [EVERYONE]


def _named_principals(statement: Json) -> Json:
    """The principals without everyone, spelt as they were; None when nobody is left."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return None
    left = {kind: _named(value) for kind, value in principal.items()}
    return {kind: value for kind, value in left.items() if value} or None


def _named(value: Json) -> Json:
    if isinstance(value, list):
        return [item for item in value if not _is_everyone(str(item))]
    return None if _is_everyone(str(value)) else value


# Conditions


def _limits(statement: Json) -> bool:
    """Whether a condition that every request must meet ties the statement to fixed values."""
    if not statement.get("Condition"):
        return False
    asked = tests(statement)
    present = _present(asked)
    return any(_is_limit(test, present) and all(_narrow(test.key, value) for value in test.values) for test in asked)


def _present(asked: Sequence[Line]) -> frozenset[str]:
    """The keys that the condition asks to be there."""
    return frozenset(test.key for test in asked if test.operator == "null" and _all(test.values, "false"))


def _is_limit(test: Line, present: frozenset[str]) -> bool:
    return test.operator in _POSITIVE and bool(test.values) and (test.asks_presence or test.key in present)


def _narrowed(statement: Json) -> Json:
    """The condition without the values that take in the world, when narrow ones are left to hold it; else None."""
    present = _present(tests(statement))
    block, found = {}, False
    for operator, keys in (statement.get("Condition") or {}).items():
        block[operator] = dict(keys)
        for key, value in keys.items():
            test = _test(operator, key, value)
            left = [item for item in _texts(value) if _narrow(test.key, item)]
            if not found and left and _is_limit(test, present):
                block[operator][key], found = left, True
    return block if found else None


def _all(values: Iterable[str], wanted: str) -> bool:
    held = [value.lower() for value in values]
    return bool(held) and all(value == wanted for value in held)


def _is_bool(test: Line, key: str, wanted: str) -> bool:
    return test.operator == "bool" and test.key == key and test.quantifier == "" and _all(test.values, wanted)


# What a Deny beside it closes


def _denials(held: Iterable[Json]) -> Denials:
    """The statements that leave nobody but what fixed values name."""
    closing = (item for item in held if item.get("Effect") == "Deny" and _denies_strangers(item))
    return Denials(denial for item in closing if (denial := _denied(item)))


def _is_closed(allow: Json, denials: Denials) -> bool:
    actions, resources = (_texts(allow.get(member)) or (EVERYONE,) for member in ("Action", "Resource"))
    return denials.close(actions, resources)


def _denied(deny: Json) -> Denial | None:
    """The actions and resources that a denial names; None where it names what it spares."""
    if {"NotAction", "NotResource"} & deny.keys() or "Action" not in deny:
        return None
    return _texts(deny["Action"]), _texts(deny["Resource"]) if "Resource" in deny else (EVERYONE,)


def _denies_strangers(deny: Json) -> bool:
    if "NotPrincipal" in deny:
        spared = _principals(deny["NotPrincipal"])
        return bool(spared) and not any(map(_is_everyone, spared)) and not tests(deny)
    return _has_everyone(deny) and all(map(_spares_only_named, tests(deny)))


def _spares_only_named(test: Line) -> bool:
    """A negated test that only fixed values escape, or the one that spares AWS services and not the anonymous."""
    if test.if_exists and _is_bool(test, "aws:principalisawsservice", "false"):
        return True
    strict = test.operator in _NEGATED and test.quantifier in {"", "forallvalues"}
    return strict and bool(test.values) and all(_narrow(test.key, value) for value in test.values)


# Values that fix who asks, by condition key (Service Authorization Reference and IAM User Guide, global condition keys)


def _narrow(key: str, value: str) -> bool:
    """Whether the value of a condition key leaves out the world."""
    rule = _NARROW.get(key)
    return rule is not None and "${" not in value and rule(value)


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _fixed_arn(value: str) -> bool:
    """An ARN of one account, or of one bucket, whose name nobody else can have."""
    parts = value.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":  # noqa: PLR2004 - an ARN has six parts
        return False
    service, account, resource = parts[2], parts[4], parts[5]
    if account:
        return _account(account)
    bucket = resource.partition("/")[0]
    return service == "s3" and bool(bucket) and not set(bucket) & set("*?")


def _narrow_range(value: str) -> bool:
    """At most a /8 or a /32 of IPv6, wider ones are as good as the world (S3 User Guide, The meaning of public)."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (_WIDEST_V4 if isinstance(network, IPv4Network) else _WIDEST_V6)


_account: Final = _like(r"\d{12}")
_organisation: Final = _like(r"o-[a-z0-9]{10,32}")
_path: Final = _like(r"o-[a-z0-9]{10,32}/.*")
_service: Final = _like(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_unique_id: Final = _like(r"(A[A-Z0-9]{15,}|\d{12})(:.*)?")

_NARROW: Final[Mapping[str, Callable[[str], bool]]] = {
    "aws:principalaccount": _account,
    "aws:principalarn": _fixed_arn,
    "aws:principalorgid": _organisation,
    "aws:principalorgpaths": _path,
    "aws:principalservicename": _service,
    "aws:sourceaccount": _account,
    "aws:sourcearn": _fixed_arn,
    "aws:sourceip": _narrow_range,
    "aws:sourceorgid": _organisation,
    "aws:sourceorgpaths": _path,
    "aws:sourceowner": _account,
    "aws:sourcevpc": _like(r"vpc-[0-9a-z]+"),
    "aws:sourcevpcarn": _fixed_arn,
    "aws:sourcevpce": _like(r"vpce-[0-9a-z]+"),
    "aws:userid": _unique_id,
    "aws:vpceaccount": _account,
    "aws:vpceorgid": _organisation,
    "aws:vpceorgpaths": _path,
    "kms:calleraccount": _account,
    "s3:dataaccesspointaccount": _account,
    "s3:dataaccesspointarn": _fixed_arn,
}
