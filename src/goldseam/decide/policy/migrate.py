"""Policy files of version 1, in which the most careful policy decided, rewritten into version 2.

In version 1 every policy that applied counted: the most careful mode, the most approvals of groups that all accept, the
least limits, every window. In order of their modes the first that applies is the most careful one. What a policy
required beside an earlier one becomes a guardrail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from goldseam.control import Catalog
from goldseam.decide.policy.load import load_policies, load_sections
from goldseam.decide.policy.overlap import always, may_overlap
from goldseam.decide.policy.rules import Approvals, Limits, Mode, Policy
from goldseam.model.document import Place, parsed

_WIDTH: Final = 120
_LONGEST_NAME: Final = 80
_HEAD: Final = "# Rewritten from version 1 by `goldseam policy migrate`; comments are not kept.\n"
_PLAIN: Final = "tag:yaml.org,2002:"


def migrate_policies(text: str, path: str, catalog: Catalog) -> str:
    """The text of version 2 whose decisions are never less careful than those of a text of version 1.

    Raises InvalidDocument where the text is not of version 1 or holds what version 2 refuses.
    """
    top = parsed(path, text).fields(("version", "ownership", "policies"), needed=("version", "policies"))
    if top["version"].node.value == "2":
        raise top["version"].wrong("the file is of version 2 already; nothing is to be rewritten")
    top["version"].whole(1, 1)
    _quote_numbers(top)
    policies = load_sections(top, text, catalog).policies
    places = top["policies"].items()
    order = sorted(range(len(policies)), key=lambda number: policies[number].mode.rank)
    ordered = [policies[number] for number in order]
    nodes = [places[number].node for number in order]
    written = _HEAD + _written(top, nodes, list(_guardrails(ordered, nodes, catalog)))
    load_policies(written, path, catalog)
    return written


def _quote_numbers(top: Mapping[str, Place]) -> None:
    """Version 1 took numbers for texts in scopes and markers; they are put in quotes."""
    for policy in _mappings(top["policies"]):
        for key, value in policy.value:
            if key.value == "scope":
                _quote(value)
            if key.value == "settings":
                _quote_cases(value)
    for section in _mappings_of(top.get("ownership"), "markers"):
        for key, value in section.value:
            if key.value == "value":
                _quote(value)


def _quote_cases(settings: Any) -> None:
    """The accounts and values of tags that settings depend on."""
    for _, setting in settings.value if settings.id == "mapping" else ():
        for key, cases in setting.value if setting.id == "mapping" else ():
            if key.value == "values" and cases.id == "mapping":
                for case, _ in cases.value:
                    _quote(case)


def _mappings(place: Place) -> Iterator[Any]:
    held = place.node.value if place.node.id == "sequence" else ()
    return (node for node in held if node.id == "mapping")


def _mappings_of(place: Place | None, member: str) -> Iterator[Any]:
    held = place.node.value if place is not None and place.node.id == "mapping" else ()
    for key, value in held:
        if key.value == member:
            yield from _mappings(Place("", "", value))


def _quote(node: Any) -> None:
    if node.id == "scalar":
        if not node.tag.endswith((":str", ":null")) or (node.style is None and node.value.isdecimal()):
            node.tag, node.style = f"{_PLAIN}str", '"'
    else:
        for item in node.value:
            _quote(item[1] if node.id == "mapping" else item)


def _guardrails(policies: Sequence[Policy], nodes: Sequence[Any], catalog: Catalog) -> Iterator[Any]:
    """A guardrail for each policy that required something beside an earlier one, which alone decides now."""
    taken = {policy.name for policy in policies}
    for number, (policy, node) in enumerate(zip(policies, nodes, strict=True)):
        before = [item for item in policies[:number] if may_overlap(item, policy, catalog)]
        if any(not _required_by(item, policy) for item in before):
            name = _named(policy.name, taken)
            taken.add(name)
            yield _guardrail(name, policy, node)


def _required_by(earlier: Policy, policy: Policy) -> bool:
    """Whether what a policy requires, and doubts, is in what an earlier one does wherever both apply."""
    certain = policy.mode is not Mode.AUTO or (always(policy.when) and not policy.scope.tags)
    window = policy.window is None or policy.window == earlier.window
    return certain and window and _least(earlier.limits, policy.limits) and _most(earlier.approvals, policy.approvals)


def _least(one: Limits, other: Limits) -> bool:
    return one.per_hour <= other.per_hour and one.per_account <= other.per_account


def _most(one: Approvals, other: Approvals) -> bool:
    groups = not other.groups or (bool(one.groups) and set(one.groups) <= set(other.groups))
    return one.needed >= other.needed and groups


def _named(name: str, taken: set[str]) -> str:
    """A name for the guardrail of a policy that no other rule has."""
    for number in range(len(taken) + 1):
        end = f" {number + 1}" if number else ""
        named = f"cap-{name}"[: _LONGEST_NAME - len(end)] + end
        if named not in taken:
            break
    return named


def _guardrail(name: str, policy: Policy, node: Any) -> Any:
    """The same place and clauses with what the policy requires; both limits, since a guardrail has no defaults."""
    held = {key.value: deepcopy(value) for key, value in node.value}
    limits = {"per_hour": policy.limits.per_hour, "per_account": policy.limits.per_account}
    kept = {key: held[key] for key in ("controls", "scope", "when") if key in held}
    required = {key: held[key] for key in ("approvals", "window") if key in held}
    bounds = _mapping({key: _scalar(str(number), "int") for key, number in limits.items()}, flow=True)
    return _mapping({"name": _scalar(name), **kept, **required, "limits": bounds})


def _written(top: Mapping[str, Place], policies: Sequence[Any], guardrails: Sequence[Any]) -> str:
    import yaml  # noqa: PLC0415 - only when a file is rewritten

    sections = {"version": _scalar("2", "int")}
    if "ownership" in top:
        sections["ownership"] = top["ownership"].node
    if guardrails:
        sections["guardrails"] = _sequence(guardrails)
    whole = _mapping({**sections, "policies": _sequence(policies)})
    return str(yaml.serialize(whole, Dumper=yaml.SafeDumper, allow_unicode=True, width=_WIDTH))


def _scalar(text: str, kind: str = "str") -> Any:
    from yaml import ScalarNode  # noqa: PLC0415 - only when a file is rewritten

    return ScalarNode(f"{_PLAIN}{kind}", text)


def _mapping(members: Mapping[str, Any], *, flow: bool = False) -> Any:
    from yaml import MappingNode  # noqa: PLC0415 - only when a file is rewritten

    return MappingNode(f"{_PLAIN}map", [(_scalar(key), value) for key, value in members.items()], flow_style=flow)


def _sequence(items: Sequence[Any]) -> Any:
    from yaml import SequenceNode  # noqa: PLC0415 - only when a file is rewritten

    return SequenceNode(f"{_PLAIN}seq", list(items), flow_style=not items)
