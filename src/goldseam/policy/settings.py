"""The settings that policies give to controls."""

from __future__ import annotations

from collections.abc import Mapping

from goldseam.control import Control
from goldseam.evaluate import SettingsOf
from goldseam.policy.rules import Policy, PolicySet
from goldseam.resource import Resource
from goldseam.values import Json


def settings_of(policies: PolicySet) -> SettingsOf:
    """The settings that policies give to controls.

    Of the policies that name the control, cover the resource for certain and give settings, the most careful one
    counts, the first in the file among equals; its settings are not mixed with another's. Clauses play no part: they
    decide what is done about a finding, settings decide what a finding is.
    """
    known: dict[str, tuple[tuple[Policy, Mapping[str, Json]], ...]] = {}

    def chosen(control: Control, resource: Resource) -> Mapping[str, Json]:
        if control.id not in known:
            giving = sorted((p for p in policies.naming(control) if p.settings), key=lambda p: p.mode.rank)
            known[control.id] = tuple((policy, control.chosen(policy.settings)) for policy in giving)
        for policy, settings in known[control.id]:
            if policy.scope.covers(resource, control.kind)[0]:
                return settings
        return control.defaults

    return chosen
