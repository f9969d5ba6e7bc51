"""The language in which kinds, facets, controls and facts are written: all that a plug-in needs to know."""

from goldseam.control.catalog import Catalog
from goldseam.control.control import (
    Between,
    Control,
    Disruption,
    Example,
    Severity,
    control,
    harmless,
    may_disrupt,
)
from goldseam.control.dependent import Dependent, Located, Unusable, Whereabouts
from goldseam.control.facet import Call, Facet, Permission, ReadOnly, Step, Told, admits
from goldseam.control.fact import Answer, Earlier, FactRule, Known, Lookup, Surroundings, fact, known, no_earlier
from goldseam.control.kind import Kind, Touch, touched
from goldseam.control.named import Naming, Placed, Target
from goldseam.control.owner import Owner, OwnerRule, owner_rule
from goldseam.control.sensitive import EVERYTHING, MASKED, PLAIN_MASK, Mask, Secrets, masked
from goldseam.control.setting import Cidr, Port, Setting
from goldseam.control.verdict import Compliant, ShouldBe, Verdict, Violation, compliant, should_be, undecided, violation

__all__ = [
    "EVERYTHING",
    "MASKED",
    "PLAIN_MASK",
    "Answer",
    "Between",
    "Call",
    "Catalog",
    "Cidr",
    "Compliant",
    "Control",
    "Dependent",
    "Disruption",
    "Earlier",
    "Example",
    "Facet",
    "FactRule",
    "Kind",
    "Known",
    "Located",
    "Lookup",
    "Mask",
    "Naming",
    "Owner",
    "OwnerRule",
    "Permission",
    "Placed",
    "Port",
    "ReadOnly",
    "Secrets",
    "Setting",
    "Severity",
    "ShouldBe",
    "Step",
    "Surroundings",
    "Target",
    "Told",
    "Touch",
    "Unusable",
    "Verdict",
    "Violation",
    "Whereabouts",
    "admits",
    "compliant",
    "control",
    "fact",
    "harmless",
    "known",
    "masked",
    "may_disrupt",
    "no_earlier",
    "owner_rule",
    "should_be",
    "touched",
    "undecided",
    "violation",
]
