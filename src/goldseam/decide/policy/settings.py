"""The settings that policies give to controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goldseam.assess.evaluate import SettingsOf
from goldseam.control import Control, Located, Whereabouts
from goldseam.control.dependent import resolved
from goldseam.decide.policy.rules import Policy, PolicySet, tags_of
from goldseam.model.resource import Resource
from goldseam.model.values import Json


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where a control's settings for a resource come from: the policy, None for the control's defaults.

    `settings` are as declared, not yet resolved for the resource. `doubtful` are the policies before it that give other
    settings and of which it is unknown whether their scope covers the resource.
    """

    policy: Policy | None
    settings: Mapping[str, Json]
    doubtful: tuple[Policy, ...] = ()


def settings_source(policies: PolicySet, control: Control, resource: Resource) -> SettingsSource:
    """The first policy in the file that names the control, gives settings, and whose scope covers the resource.

    Its settings are not mixed with another's. Clauses play no part: they decide what is done about a finding, settings
    decide what a finding is.
    """
    doubtful: list[tuple[Policy, Mapping[str, Json]]] = []
    for policy, settings in policies.giving(control):
        covered, _ = policy.scope.covers(resource, control.kind)
        if covered:
            return SettingsSource(policy, settings, _differing(doubtful, settings))
        if covered is None:
            doubtful.append((policy, settings))
    return SettingsSource(None, control.defaults, _differing(doubtful, control.defaults))


def _differing(doubtful: list[tuple[Policy, Mapping[str, Json]]], settings: Mapping[str, Json]) -> tuple[Policy, ...]:
    return tuple(policy for policy, given in doubtful if given != settings)


def settings_of(policies: PolicySet, located: Located | None = None) -> SettingsOf:
    """The settings that policies give to controls, resolved for each resource.

    `located` tells where what settings name is; without it that is not checked.
    """

    def chosen(control: Control, resource: Resource) -> Mapping[str, Json]:
        source = settings_source(policies, control, resource)
        if source.policy is None:
            return source.settings
        at = Whereabouts(resource.ref, tags_of(resource, control.kind), located)
        return resolved(control.settings, source.settings, at)

    return chosen
