"""The code that manages a resource, as the cloud's facts and the markers of the policy tell it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from goldseam.assess.context import Fact
from goldseam.control import Kind
from goldseam.decide.policy import MANAGED_BY, Ownership, tags_of
from goldseam.model.resource import Resource
from goldseam.model.values import Unknown

_BY_TAG: Final = "managed_by_tag"


def with_markers(
    facts: Mapping[str, Fact], resource: Resource, kind: Kind, ownership: Ownership | None
) -> Mapping[str, Fact]:
    """The facts with `managed_by` as the policy's markers make it.

    A tool that the cloud's own fact names stays. Else a marker that is found names it: of those that the policy
    declares, or by convention where it declares none. Empty is only what carries no marker and of which all could be
    told, or of which the policy says that no code manages it; without the cloud's fact nothing else can tell.
    """
    own = facts.get(MANAGED_BY)
    if own is not None and isinstance(own.value, str) and own.value:
        return facts
    if ownership is None or ownership.markers is None:
        marked = _by_convention(facts, own)
    else:
        marked = _declared(ownership, own, resource, kind)
    if ownership is not None and ownership.leaves_out(kind.name):
        marked = _unmanaged(marked, kind)
    return {**facts, MANAGED_BY: marked} if marked is not None else facts


def _unmanaged(fact: Fact | None, kind: Kind) -> Fact:
    """What else could not be told, by the word of the policy's author."""
    line = f"the policy says that no code manages resources of kind {kind.name} (`unmanaged`)"
    if fact is None:
        return Fact(MANAGED_BY, "", (line,))
    if isinstance(fact.value, Unknown):
        return replace(fact, value="", evidence=(line, f"else it would not be known: {fact.value.reason}"))
    return fact


def _by_convention(facts: Mapping[str, Fact], own: Fact | None) -> Fact | None:
    """By the tags that people write; a kind without tags has no such fact."""
    by_tag = facts.get(_BY_TAG)
    if by_tag is None:
        return own
    if isinstance(by_tag.value, str) and by_tag.value:
        return replace(by_tag, name=MANAGED_BY)
    if own is None or isinstance(own.value, Unknown):
        return own
    if isinstance(by_tag.value, Unknown):
        return replace(by_tag, name=MANAGED_BY)
    return replace(own, evidence=(*own.evidence, *by_tag.evidence))


def _declared(ownership: Ownership, own: Fact | None, resource: Resource, kind: Kind) -> Fact | None:
    """By the policy's own markers."""
    tags = tags_of(resource, kind)
    found = ownership.found(tags, resource.ref.id)
    if found:
        times = (own.read_at, own.as_of) if own is not None else (None, None)
        return Fact(MANAGED_BY, found[0][0], tuple(line for _, line in found), *times)
    if own is None or isinstance(own.value, Unknown):
        return own
    if isinstance(tags, Unknown) and ownership.by_tags:
        return replace(own, value=tags, evidence=())
    return replace(own, evidence=(*own.evidence, f"no declared marker found ({ownership})"))
