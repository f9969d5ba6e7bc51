"""The user's rules on what may be repaired, how, where, when and how much, and how they are read from YAML."""

from goldseam.decide.policy.load import load_policies
from goldseam.decide.policy.ownership import NameMarker, Ownership, TagMarker
from goldseam.decide.policy.rules import (
    TAGS,
    Approvals,
    Limits,
    Mode,
    Policy,
    PolicySet,
    Scope,
    Window,
    no_policies,
    tags_of,
)
from goldseam.decide.policy.settings import settings_of

__all__ = [
    "TAGS",
    "Approvals",
    "Limits",
    "Mode",
    "NameMarker",
    "Ownership",
    "Policy",
    "PolicySet",
    "Scope",
    "TagMarker",
    "Window",
    "load_policies",
    "no_policies",
    "settings_of",
    "tags_of",
]
