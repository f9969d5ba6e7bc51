"""The settings that policies give to controls."""

from __future__ import annotations

from collections.abc import Mapping

from goldseam.control import Control
from goldseam.evaluate import SettingsOf
from goldseam.policy.rules import PolicySet
from goldseam.resource import Resource
from goldseam.values import Json


def settings_of(policies: PolicySet) -> SettingsOf:
    """The settings that policies give to controls.

    Of the policies that name the control, cover the resource for certain and give settings, the most careful one
    counts, the first in the file among equals; its settings are not mixed with another's. Clauses play no part: they
    decide what is done about a finding, settings decide what a finding is.
    """

    def chosen(control: Control, resource: Resource) -> Mapping[str, Json]:
        for policy, settings in policies.giving(control):
            if policy.scope.covers(resource, control.kind)[0]:
                return settings
        return control.defaults

    return chosen
