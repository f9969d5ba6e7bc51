"""The user's rules on what may be repaired, how, where, when and how much, and how they are read from YAML."""

from goldseam.decide.policy.load import load_policies
from goldseam.decide.policy.migrate import migrate_policies
from goldseam.decide.policy.ownership import MANAGED_BY, NameMarker, Ownership, TagMarker
from goldseam.decide.policy.review import PolicyWarning, review_policies
from goldseam.decide.policy.rules import (
    TAGS,
    Approvals,
    Guardrail,
    Limits,
    Mode,
    Policy,
    PolicySet,
    Scope,
    no_policies,
    tags_of,
)
from goldseam.decide.policy.schedule import Window
from goldseam.decide.policy.settings import SettingsSource, settings_of, settings_source

__all__ = [
    "MANAGED_BY",
    "TAGS",
    "Approvals",
    "Guardrail",
    "Limits",
    "Mode",
    "NameMarker",
    "Ownership",
    "Policy",
    "PolicySet",
    "PolicyWarning",
    "Scope",
    "SettingsSource",
    "TagMarker",
    "Window",
    "load_policies",
    "migrate_policies",
    "no_policies",
    "review_policies",
    "settings_of",
    "settings_source",
    "tags_of",
]
