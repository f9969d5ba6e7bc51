"""The settings that policies give to controls."""

from __future__ import annotations

from collections.abc import Mapping

from goldseam.assess.evaluate import SettingsOf
from goldseam.control import Control, Located, Whereabouts
from goldseam.control.dependent import resolved
from goldseam.decide.policy.rules import PolicySet, tags_of
from goldseam.model.resource import Resource
from goldseam.model.values import Json


def settings_of(policies: PolicySet, located: Located | None = None) -> SettingsOf:
    """The settings that policies give to controls, resolved for each resource.

    Of the policies that name the control, cover the resource for certain and give settings, the most careful one
    counts, the first in the file among equals; its settings are not mixed with another's. Clauses play no part: they
    decide what is done about a finding, settings decide what a finding is. `located` tells where what settings name
    is; without it that is not checked.
    """

    def chosen(control: Control, resource: Resource) -> Mapping[str, Json]:
        for policy, settings in policies.giving(control):
            if policy.scope.covers(resource, control.kind)[0]:
                at = Whereabouts(resource.ref, tags_of(resource, control.kind), located)
                return resolved(control.settings, settings, at)
        return control.defaults

    return chosen
